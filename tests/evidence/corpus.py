"""Rationales over the figures of `figures.py`: every counted number of TRUE stands in them, none of FALSE does."""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    server: str
    sector: str
    text: str
    numbers: int
    """How many of its numbers are counted."""
    language: str = "en"


TRUE = [
    # The appendix of the notes.
    Text("fractions", "Banks", "returned 7.3 %", 1),
    Text("fractions", "Banks", "VND 1.24 trillion of banks", 1),
    Text("fractions", "Energy", "net selling of VND 310 bn", 1),
    Text("fractions", "Energy", "fell 3.1 % while volatility is 27 %", 2),
    Text("fractions", "Technology", "outperformed Banks by 4.5 pp", 1),
    Text("fractions", "Banks", "rank #1 of 4 … 3 months in 2026", 0),
    Text("fractions", "Technology", "+2,875 bn, the strongest of the 4 sectors", 1),
    Text("fractions", "Banks", "Performance of 7 %", 1),
    # Fractions, in English.
    Text("fractions", "Technology", "The leader: a return of +11.85 % (3M) at a momentum of 2.41.", 2),
    Text("fractions", "Technology", "Relative strength of 111.9 against 104.6 for Banks and Energy's 93.1.", 3),
    Text("fractions", "Utilities", "Utilities gained only 1.3 percent, and foreigners sold VND 12.4 billion net.", 2),
    Text("fractions", "Utilities", "The lowest volatility of all, 11.0 per cent, speaks for it.", 1),
    Text("fractions", "Energy", "Momentum is minus 0.94, the 4th of 4.", 1),
    Text("fractions", "Energy", "With −3.1 % over 3 months it lags Banks by 10.5 percentage points.", 2),
    Text("fractions", "Banks", "GDP growth of 7.4 % and inflation at 3.4 % favour banks; the policy rate is 4.5 %.", 3),
    Text("fractions", "Banks", "Unemployment (2.2 %) is low. Net inflows reached VND 1,240.6 bn.", 2),
    Text("fractions", "Technology",
         "Foreign investors bought VND 2.9 trillion, 2.3 times what they bought of Banks.", 2),
    Text("fractions", "Banks", "The average return of Banks and Energy is 2.1 %, so it is ahead.", 1),
    Text("fractions", "Banks", "Technology and Banks together drew net inflows of VND 4,115.6 bn.", 1),
    Text("fractions", "Energy", "Volatility of 27.1 % is 2.3 pp above Technology's 24.8 %.", 3),
    # Fractions, in Vietnamese.
    Text("fractions", "Banks", "Ngân hàng tăng 7,3 % trong 3 tháng, khối ngoại mua ròng 1.240,6 tỷ đồng.", 2, "vi"),
    Text("fractions", "Energy", "Ngành giảm 3,1 phần trăm, độ biến động 27,1 %, đứng thứ 4 trên 4.", 2, "vi"),
    Text("fractions", "Energy", "Khối ngoại bán ròng 310 tỷ đồng; sức mạnh tương đối 93,1.", 2, "vi"),
    Text("fractions", "Technology", "Công nghệ cao hơn Ngân hàng 4,5 điểm phần trăm.", 1, "vi"),
    Text("fractions", "Technology", "Khối ngoại mua ròng 2,875 nghìn tỷ đồng, nhiều nhất trong 4 ngành.", 1, "vi"),
    Text("fractions", "Utilities", "Lạm phát 3,4 %, tăng trưởng GDP 7,43 %, lãi suất điều hành ở mức 4,5 %.", 3, "vi"),
    Text("fractions", "Utilities", "Động lượng chỉ 0,15; khối ngoại bán ròng 12,4 tỷ.", 2, "vi"),
    # The embedded market, in English.
    Text("embedded", "Utilities", "A relative strength of +21.7 % (3M), +12.8 % (1M) and +12.3 % (1Y).", 3),
    Text("embedded", "Utilities", "Net foreign buying of VND 723.5 bn (1M), 1.6 % of turnover, speaks for it.", 2),
    Text("embedded", "Utilities", "Large trades of VND +1,169.7 bn net (20D) in 17 trades.", 2),
    Text("embedded", "Utilities", "It returned +5.4 % (3M) at the lowest volatility, 13.0 % (504D).", 2),
    Text("embedded", "Banks",
         "Down 23.4 % (3M) and behind the benchmark, with a relative strength of −11.5 % (3M).", 2),
    Text("embedded", "Banks", "Foreigners still sell, VND 3,276.8 bn net (1M), and momentum is -1.3 % (12-1M).", 2),
    Text("embedded", "Banks", "Net profit grew by 29.3 % in the first quarter of 2025, at a net margin of 28.6 %.", 2),
    Text("embedded", "Banks", "Institutions bought VND 5,120.4 bn and sold VND 7,759.2 bn in large trades (20D).", 2),
    Text("embedded", "Banks", "Revenue was VND 71.3 trillion and net profit VND 20.4 tn.", 2),
    Text("embedded", "Real Estate", "It lost 32.4 % (3M), and 19.0 % in the last month alone (1M).", 2),
    Text("embedded", "Real Estate", "Momentum −42.9 % (12-1M, lowest of 19), net foreign flow −2.5 % of turnover.", 2),
    Text("embedded", "Real Estate", "Profit growth of -22.3 % against Technology's +24.1 %.", 2),
    Text("embedded", "Real Estate", "Interest rates rose by 0.5 percentage points to 5.7 %, from 5.2 %.", 3),
    Text("embedded", "Real Estate", "GDP growth slowed to 6.4 %, after 6.6 % before; unemployment stands at 2.4 %.", 3),
    Text("embedded", "Technology", "Volatility of 27.4 %, 2.8 pp higher than Banks' 24.6 %, argues against it.", 3),
    Text("embedded", "Technology", "Returns: +1.4 % (1M), −1.5 % (3M), −12.6 % (1Y).", 3),
    Text("embedded", "Technology", "VND 189.4 bn were sold net (1M), and momentum of -10.9 % (12-1M) is spent.", 2),
    Text("embedded", "Food and Beverage", "Momentum of +5.0 % (12-1M) is the best, Utilities' -0.2 % the next.", 2),
    Text("embedded", "Food and Beverage", "A 3.8 % decline (3M), yet a relative strength of 11.1 % (3M).", 2),
    Text("embedded", "Food and Beverage",
         "Profits up 32.1 %, inflation near 3.9 %, and VND 896.7 bn of net buying.", 3),
    Text("embedded", "Food and Beverage", "Food & Beverage beat Banks by 19.6 pp over three months.", 1),
    # The embedded market, in Vietnamese.
    Text("embedded", "Utilities", "Mạnh hơn thị trường 21,7 % (3M), khối ngoại mua ròng 723,5 tỷ đồng (1M).", 2, "vi"),
    Text("embedded", "Utilities", "Giao dịch lớn mua ròng 1.169,7 tỷ (20D); độ biến động thấp nhất, 13,0 %.", 2, "vi"),
    Text("embedded", "Banks", "Lợi suất giảm 23,4 % (3M), nhà đầu tư nước ngoài bán ròng 3.276,8 tỷ đồng.", 2, "vi"),
    Text("embedded", "Banks", "Lợi nhuận tăng 29,3 % so với cùng kỳ, biên lợi nhuận 28,6 %.", 2, "vi"),
    Text("embedded", "Real Estate", "Động lượng −42,9 % (12-1M), bất động sản mất 32,4 % trong quý 2.", 2, "vi"),
    Text("embedded", "Real Estate",
         "Lãi suất tăng lên 5,7 %, lạm phát 3,9 %, thất nghiệp 2,4 % (tháng 5/2025).", 3, "vi"),
    Text("embedded", "Technology", "Công nghệ yếu hơn: động lượng âm 10,9 %, khối ngoại bán ròng 189,4 tỷ.", 2, "vi"),
    Text("embedded", "Food and Beverage",
         "Tăng trưởng lợi nhuận 32,1 % là cao nhất trong 5 ngành; doanh thu 52,9 nghìn tỷ đồng.", 2, "vi"),
    # Daily rows of a stranger.
    Text("daily", "Banks", "Banks rose 1.2 % on the day, with net buying of 120.5 bn and an RSI of 61.7.", 3),
    Text("daily", "Banks", "Cheap at 9.8x earnings against 21.6x for Technology.", 2),
    Text("daily", "Real Estate", "It fell 0.8 % as net selling reached VND 88.6 billion; RSI 38.2.", 3),
    Text("daily", "Real Estate", "Trails Banks by 2.1 percentage points today.", 1),
    Text("daily", "Technology", "The best of 3 sectors today: +2.05 %, with CPI at 3.4 %.", 2),
    Text("daily", "Energy", "Energy lost 2.0 %, and PVD fell 3.2 % while GAS gained 0.7 %.", 3),
    Text("daily", "Energy", "The daily return worsened by 1.5 pp, from −0.4 % to −2.0 %.", 3),
    Text("daily", "Banks", "Ngân hàng tăng 1,2 % trong phiên, mua ròng 120,5 tỷ đồng.", 2, "vi"),
    Text("daily", "Real Estate", "Bất động sản giảm 0,83 %, bán ròng 88,6 tỷ, CPI 3,4 %.", 3, "vi"),
    # Ranges, currencies and blanks of all kinds.
    Text("embedded", "Utilities", "Between 12.3 and 21.7 % ahead of the benchmark.", 2),
    Text("embedded", "Utilities", "Relative strength of 12.3–21.7 % over all lookbacks.", 2),
    Text("embedded", "Banks", "Net profit of VND 20\u202f375 bn on revenue of VND\u00a071.33tn.", 2),
    Text("embedded", "Banks", "Lợi nhuận 20.375 tỷ đồng trên doanh thu 71.330 tỷ đồng.", 2),
    Text("embedded", "Real Estate", "Rates are up 54 bps, to 5.73%.", 2),
]  # fmt: skip

FALSE = [
    # The appendix of the notes.
    Text("fractions", "Energy", "Energy rose 3.1 %", 1),
    Text("fractions", "Energy", "net bought VND 310 bn of energy", 1),
    Text("fractions", "Utilities", "Utilities momentum of 1.82", 1),
    Text("fractions", "Energy", "Energy relative strength of 111.9", 1),
    Text("fractions", "Banks", "GDP growth of 7.9 %", 1),
    Text("fractions", "Banks", "cut by 75 bps", 1),
    Text("fractions", "Technology", "outperformed Banks by 6.5 pp", 1),
    Text("fractions", "Banks", "1.3x book", 1),
    Text("fractions", "Banks", "earnings grew 14 %", 1),
    Text("fractions", "Banks", "Performance of 8 %", 1),
    Text("fractions", "Utilities", "net inflows of VND 12.4 bn", 1),
    Text("fractions", "Technology", "−2,875 bn", 1),
    # A figure of another metric, unit or sector.
    Text("fractions", "Banks", "Volatility of 7.3 %.", 1),
    Text("fractions", "Banks", "Momentum of 104.6.", 1),
    Text("fractions", "Banks", "It outperformed Energy by 7.3 pp.", 1),
    Text("fractions", "Banks", "A spread of 4.5 pp.", 1),
    Text("fractions", "Banks", "Inflation of 4.5 %.", 1),
    Text("fractions", "Banks", "USD 1,240.6 bn of net inflows.", 1),
    Text("fractions", "Banks", "Net inflows of VND 1,240.6 mn.", 1),
    Text("fractions", "Energy", "Energy outperformed Banks by 10.5 pp.", 1),
    Text("fractions", "Banks", "Energy returned 7.3 %.", 1),
    Text("fractions", "Banks", "The strongest inflows, 1.8 times those of Technology.", 1),
    Text("fractions", "Banks", "Ngân hàng giảm 7,3 %.", 1, "vi"),
    Text("fractions", "Energy", "Khối ngoại mua ròng 310 tỷ đồng.", 1, "vi"),
    Text("fractions", "Energy", "Độ biến động 24,8 %.", 1, "vi"),
    Text("fractions", "Technology", "Công nghệ thấp hơn Ngân hàng 4,5 điểm phần trăm.", 1, "vi"),
    Text("embedded", "Utilities", "A relative strength of +12.8 % (3M).", 1),
    Text("embedded", "Utilities", "Net foreign selling of VND 723.5 bn (1M).", 1),
    Text("embedded", "Utilities", "Net foreign buying of VND 1,169.7 bn (1M).", 1),
    Text("embedded", "Utilities", "The lowest volatility, 19.4 % (504D).", 1),
    Text("embedded", "Banks", "Institutions bought VND 7,759.2 bn.", 1),
    Text("embedded", "Banks", "Net profit fell by 29.3 %.", 1),
    Text("embedded", "Banks", "Momentum is 1.3 %.", 1),
    Text("embedded", "Real Estate", "Interest rates of 5.2 %.", 1),
    Text("embedded", "Real Estate", "Inflation of 6.4 %.", 1),
    Text("embedded", "Real Estate", "It returned 5.7 %.", 1),
    Text("embedded", "Technology", "Technology gained 27.4 %.", 1),
    Text("embedded", "Technology", "The S&P 500 lost 4.7 % on that day.", 1),
    Text("embedded", "Food and Beverage", "Lợi suất 11,1 % (3M).", 1, "vi"),
    Text("embedded", "Real Estate", "Khối ngoại mua ròng 897,3 tỷ đồng.", 1, "vi"),
    Text("daily", "Banks", "Banks fell 1.2 %.", 1),
    Text("daily", "Banks", "An RSI of 70.4.", 1),
    Text("daily", "Banks", "Trades at 14.3x earnings.", 1),
    Text("daily", "Energy", "PVD lost 2.0 %.", 1),
    Text("daily", "Energy", "GAS fell 0.7 %.", 1),
    Text("daily", "Technology", "Công nghệ giảm 2,05 %.", 1, "vi"),
]  # fmt: skip
