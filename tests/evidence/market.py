"""Sentences over results of the embedded market, `vn` as of 2025-06-30 and `us` as of 2009-03-31, in `market.json`.

Every counted number of TRUE stands in them, none of FALSE does.
"""

from __future__ import annotations

import json
from pathlib import Path

from agent.figures import FigureReader
from tests.evidence.corpus import Text

SHOWN = {
    market: [
        figure
        for each in results
        for figure in FigureReader().read(each["result"], offered_as=each["tool"], call=each["call"])
    ]
    for market, results in json.loads(Path(__file__).with_suffix(".json").read_text("utf-8")).items()
}

TRUE = [
    # Over the period that is said.
    Text("vn", "Banks", "Over one year Banks lost 41.0%, after a 1-month return of 16.1%.", 2),
    Text("vn", "Banks", "The past month brought a gain of 16.1%, the last three months a loss of 5.4%.", 2),
    Text("vn", "Banks", "Returns: 16.1% over 1M, -5.4% over 3M and -41.0% over 1Y.", 3),
    Text("vn", "Banks", "It returned 16.1%, -5.4% and -41.0% over 1M, 3M and 1Y respectively.", 3),
    Text("vn", "Banks", "Foreigners sold a net VND 152.3 bn over the past 20 sessions.", 1),
    Text("vn", "Banks",
         "Revenue is up 8.9% over one year; relative to its norm, foreign flow is at a z-score of 0.83.", 2),
    Text("vn", "Oil and Gas", "A 13-session streak of net buying, worth VND 305.4 bn.", 1),
    Text("vn", "Banks", "Ngân hàng tăng 16,1% trong tháng qua, nhưng giảm 41,0% trong một năm.", 2, "vi"),
    # A level after a fall; a change beside it.
    Text("vn", "Banks", "Interest rates fell 0.2 percentage points to 5.5%.", 2),
    Text("vn", "Banks", "GDP growth slowed by 1.5 percentage points to 4.6% from 6.1%.", 3),
    Text("us", "Finance", "Rates were cut by 165 basis points to 0.16%.", 2),
    Text("vn", "Banks", "Inflation fell 0.5 pp to 3.6%.", 2),
    Text("vn", "Banks", "The benchmark trend improved by 10.4 points to -16.6%.", 2),
    Text("vn", "Banks", "Average pair correlation barely changed (+0.01 to 0.49).", 2),
    Text("vn", "Banks", "Macro: GDP 4.61% vs 6.06% previously; CPI 3.55% vs 4.02%.", 4),
    Text("us", "Finance", "Correlation rose by 0.38 to 0.76 and benchmark volatility by 14.5 points to 21.6%.", 4),
    Text("vn", "Banks", "Lãi suất giảm 0,2 điểm phần trăm xuống 5,5%.", 2, "vi"),
    # Ahead of the market, below an average.
    Text("vn", "Telecommunications", "It fell in the last month (-6.2%), 19.3% behind the benchmark.", 2),
    Text("vn", "Banks", "12.8% behind the market over one year.", 1),
    Text("vn", "Banks", "GDP growth is 1.4 percentage points below its one-year trend, inflation 0.4 points below.", 2),
    Text("vn", "Banks", "The benchmark trades 16.6% below its 10-month average.", 1),
    Text("vn", "Oil and Gas",
         "26.2 percentage points ahead of the benchmark over 3M, and 70.9% ahead over one year.", 2),
    Text("vn", "Insurance", "The best one-year return, 49.6%, is 120.9% above the benchmark.", 2),
    Text("vn", "Insurance", "It outperformed the benchmark by 120.9 percentage points over one year.", 1),
    Text("vn", "Basic Resources", "A return of 26.4% (1M), beating the benchmark by 8.7%.", 2),
    Text("vn", "Banks", "Banks trailed the market by 5.2% over three months.", 1),
    Text("vn", "Financial Services", "Ngành thua thị trường 27,3% trong 3 tháng.", 1, "vi"),
    Text("vn", "Banks", "Thấp hơn thị trường 5,2% (3M).", 1, "vi"),
    # Net and gross, parts and wholes.
    Text("vn", "Banks", "Whales bought VND 3,367.9 bn and sold VND 1,735.3 bn, a net inflow of VND 1,632.5 bn.", 3),
    Text("vn", "Banks", "Put-through net buying of VND 98.1 bn partly offset matched net selling of VND 250.4 bn.", 2),
    Text("vn", "Basic Resources",
         "Matched orders brought in VND 390.9 bn, put-through deals took out VND 117.4 bn.", 2),
    Text("vn", "Food and Beverage",
         "VND 799.5 bn of net foreign buying, 41% of the market total of VND 1,927.9 bn.", 3),
    # As people say it.
    Text("vn", "Telecommunications", "The price action is not: -6.2% (1M), -4.0% (3M), -28.6% (1Y).", 3),
    Text("vn", "Oil and Gas", "Share prices rose 19.5% in a month.", 1),
    Text("vn", "Oil and Gas", "It leads on momentum-adjusted terms: +26.1% over three months.", 1),
    Text("vn", "Oil and Gas", "RS-Ratio 101.3, RS-Momentum 100.0, and a heading of 86.4 degrees.", 3),
    Text("vn", "Utilities", "Rotation heading of -141.5 degrees and length 0.7.", 2),
    Text("vn", "Oil and Gas",
         "Foreign net buying of VND 305.4 bn (0.9% of turnover), 1.8 standard deviations above normal.", 3),
    Text("vn", "Insurance", "Rotation momentum has slipped below 100 to 99.5.", 1),
    Text("vn", "Banks", "We expect banks to benefit from interest rates of 5.5%.", 1),
    Text("us", "Finance", "The US federal funds rate is 0.16%.", 1),
]  # fmt: skip

FALSE = [
    # Of another period.
    Text("vn", "Banks", "Over one year Banks returned 16.1%.", 1),
    Text("vn", "Banks", "The 3-month return of 16.1% is strong.", 1),
    Text("vn", "Banks", "Over the past 12 months (1Y), it returned 16.1%.", 1),
    Text("vn", "Banks", "Over one year, it rose 16.1%.", 1),
    Text("vn", "Banks", "1M relative strength: -12.8%.", 1),
    Text("vn", "Banks", "Banks returned +16.1% (6M).", 1),
    Text("vn", "Banks", "Foreign net selling was VND 152.3 bn over three months.", 1),
    Text("vn", "Banks", "It gained 16.1% year to date.", 1),
    Text("vn", "Banks", "Ngân hàng tăng 16,1% trong năm qua.", 1, "vi"),
    # A change for a level, a level that moved the other way, the reading before.
    Text("vn", "Banks", "Benchmark volatility stands at 7.2%.", 1),
    Text("us", "Finance", "Correlation of 0.38.", 1),
    Text("vn", "Banks", "GDP growth was 6.1% in the latest quarter.", 1),
    Text("vn", "Banks", "Inflation rose to 3.6%.", 1),
    Text("vn", "Banks", "Interest rates rose to 5.5%.", 1),
    Text("vn", "Banks", "GDP growth accelerated to 4.6%.", 1),
    Text("vn", "Banks", "Unemployment fell to 2.4%.", 1),
    Text("vn", "Banks", "Benchmark volatility fell to 27.5%.", 1),
    Text("vn", "Banks", "Lạm phát tăng lên 3,6%.", 1, "vi"),
    # The sector's number for the market's, or the other way round.
    Text("vn", "Banks", "The benchmark returned 16.1%.", 1),
    Text("vn", "Banks", "The market returned 16.1% over the month.", 1),
    Text("vn", "Banks", "The VN-Index fell 16.6%.", 1),
    Text("vn", "Banks", "Thị trường tăng 16,1%.", 1, "vi"),
    Text("vn", "Banks", "It is 12.8% above the market over one year.", 1),
    Text("us", "Finance", "Finance fell 14.2%.", 1),
    # Gross for net.
    Text("vn", "Banks", "Whales bought a net VND 3,367.9 bn.", 1),
    Text("vn", "Banks", "Whales sold VND 1,735.3 bn net.", 1),
    Text("vn", "Banks", "Net foreign buying on matched orders: VND 98.1 bn.", 1),
    # What no figure is of.
    Text("vn", "Banks", "ROE of 16.1%.", 1),
    Text("vn", "Banks", "Market share of 20.9%.", 1),
    Text("vn", "Banks", "Beta is 0.83.", 1),
    Text("vn", "Banks", "A Sharpe ratio of 0.83.", 1),
    Text("vn", "Banks", "Banks is 40.3% above its average.", 1),
    Text("vn", "Banks", "The 10-year yield is 5.5%.", 1),
    Text("vn", "Banks", "The Fed funds rate is 5.5%.", 1),
    Text("vn", "Banks", "US inflation is 3.6%.", 1),
    Text("vn", "Banks", "Credit growth reached 8.9%.", 1),
    Text("vn", "Banks", "Analysts expect a return of 16.1%.", 1),
    Text("vn", "Banks", "Profit growth of 8.9% is expected.", 1),
    Text("vn", "Banks", "Tỷ lệ CASA 20,9%.", 1, "vi"),
]  # fmt: skip
