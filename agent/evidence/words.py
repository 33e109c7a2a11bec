"""The vocabulary, in English and Vietnamese: what the words around a number say of it.

Phrases are given in lower case; `lexicon` finds them as whole words.
"""

from __future__ import annotations

import re

UP, DOWN = 1, -1

TOPICS: dict[str, str] = {
    "performance": "performance|performances|return|returns|returned|total return|perf|lợi suất|hiệu suất|sinh lời",
    "excess": "outperformed|outperforms|outperform|outperforming|outperformance|underperformed|underperforms"
    "|underperform|underperforming|underperformance|excess return|excess",
    "momentum": "momentum|mom|động lượng|đà tăng|đà giảm|xung lực|quán tính",
    "volatility": "volatility|vol|annualised volatility|biến động|độ biến động|standard deviation",
    "drawdown": "drawdown|drawdowns|max drawdown|mức sụt giảm|sụt giảm tối đa",
    "relative_strength": "relative strength|rs|strength relative|sức mạnh tương đối|sức mạnh giá|mạnh hơn thị trường"
    "|yếu hơn thị trường|relative to the benchmark|relative to the market|excess return",
    "seasonality": "seasonality|mùa vụ|tính mùa vụ",
    "foreign": "foreign|foreigners|foreigner|khối ngoại|nước ngoài|vốn ngoại|nđtnn",
    "flow": "flow|flows|inflow|inflows|outflow|outflows|bought|sold|buying|selling|buys|sells|buy|sell|net value"
    "|mua ròng|bán ròng|mua|bán|dòng vốn|dòng tiền|rút ròng|netflow",
    "turnover": "turnover|trading value|traded value|giá trị giao dịch|thanh khoản|doanh số giao dịch",
    "trades": "large trades|large trade|big trades|block trades|trades|whale|whales|institutions|institutional"
    "|giao dịch lớn|cá mập|tổ chức",
    "volume": "volume|trading volume|khối lượng|khối lượng giao dịch",
    "inflation": "inflation|inflation rate|cpi|consumer prices|lạm phát|giá tiêu dùng",
    "gdp": "gdp|economic growth|economy|kinh tế",
    "growth": "growth|growth rate|tăng trưởng",
    "interest": "interest rate|interest rates|policy rate|policy rates|interest|rate|rates|funds rate"
    "|federal funds rate|refinancing rate|lãi suất",
    "unemployment": "unemployment|unemployment rate|jobless rate|joblessness|thất nghiệp",
    "revenue": "revenue|revenues|sales|doanh thu",
    "profit": "profit|profits|net profit|earnings|net income|lợi nhuận|lãi ròng|eps",
    "margin": "margin|margins|net margin|biên lợi nhuận|biên lãi|biên ròng",
    "valuation": "book|price to book|price to earnings|multiple|p e|p b|pe|pb|valuation|định giá",
    "price": "price|prices|close|closed|closing price|giá đóng cửa|thị giá",
    "matched": "matched|matched orders|matched market|khớp lệnh",
    "put_through": "put through|negotiated deals|thỏa thuận",
    "trend": "trend|xu hướng|đường xu hướng",
    "z": "z|z score|net z|standard deviations|standard deviation above|standard deviation below|độ lệch chuẩn|sigma",
    "correlation": "correlation|correlations|pair correlation|pairwise correlation|tương quan",
    "rotation_ratio": "rotation ratio|rs ratio|jdk rs ratio",
    "rotation_momentum": "rotation momentum|rs momentum",
    "heading": "heading|rotation heading|degrees",
    "length": "length|rotation length",
    "dividend": "dividend|dividends|dividend yield|cổ tức",
    "yield": "yield|yields|bond yield|bond yields|lợi suất trái phiếu",
    "roe": "roe|return on equity|roa|return on assets|roic|roce",
    "nim": "nim|net interest margin|biên lãi thuần",
    "casa": "casa|casa ratio",
    "npl": "npl|npls|npl ratio|bad debt|bad debts|bad loans|nợ xấu",
    "beta": "beta|hệ số beta",
    "sharpe": "sharpe|sharpe ratio|sortino ratio|information ratio",
    "market_share": "market share|thị phần",
    "credit": "credit growth|loan growth|deposit growth|tăng trưởng tín dụng|tăng trưởng huy động",
    "deposit_rate": "deposit rate|deposit rates|rate on deposits|lending rate|lending rates|mortgage rate"
    "|mortgage rates|lãi suất huy động|lãi suất cho vay",
    "put_call": "put call ratio",
    "other_margin": "gross margin|operating margin|ebit margin|ebitda margin|biên lợi nhuận gộp|biên gộp",
    "eps": "eps|earnings per share|eps growth",
    "target": "target price|target prices|price target|price targets|upside of|upside to|giá mục tiêu",
    "core": "core inflation|core cpi|lạm phát cơ bản",
    "youth": "youth unemployment",
    "pretax": "pre tax profit|pretax profit|profit before tax|lợi nhuận trước thuế",
}
"""Topic → phrases for it in texts, and in the names of metrics and tools."""
METRIC_ONLY = {
    "performance": "change|chg|ret|pct change|change pct|gain",
    "valuation": "p e|p b|pe ratio|pb ratio|ps",
    "flow": "net|matched|put through",
    "momentum": "rotation momentum",
}
"""Topic → words for it in a metric's name that say nothing in a text."""
SPECIFIC = frozenset(
    {"dividend", "yield", "roe", "nim", "casa", "npl", "beta", "sharpe", "market_share", "credit", "deposit_rate",
     "put_call", "other_margin", "core", "eps", "target", "youth", "pretax"}
)  # fmt: skip
"""Topics that only a figure of theirs bears out: where there is none, nothing else is meant."""
PARTS_OF_FLOW = frozenset({"matched", "put_through"})
"""What was said of one part says nothing of the whole that comes after it."""
MEASURED_IN = frozenset({"z", "heading"})
"""Topics that their unit behind the number names."""
MARKET_WIDE = frozenset({"inflation", "gdp", "interest", "unemployment"})
TRADING = frozenset({"flow", "foreign", "trades", "turnover"})
"""Topics that a tool's name lends to its metrics."""
OF_TRADING = TRADING | {"matched", "put_through", "z"}
"""Topics of the metrics that take them."""
MOVED = frozenset({"performance", "excess", "momentum", "drawdown"})
"""What a sector is said to have done when nothing is named: it rose, it lost."""
RATES = frozenset(
    {"performance", "momentum", "volatility", "drawdown", "growth", "margin", "dividend", *MARKET_WIDE}
)  # fmt: skip
"""Topics of which a figure without a unit may be in percent, or a fraction."""
AMOUNTS = frozenset({"flow", "foreign", "trades", "turnover", "revenue", "profit"})
"""Topics of which a figure without a unit may be in a currency."""
UNSIGNED = frozenset({"volatility", "drawdown"})
"""Measures of size: a word of direction says how they moved, not their sign."""

MOVES = {
    UP: "rose|rise|rises|risen|gain|gained|gains|up|grew|grow|grows|increased|increase|increases|added|climbed"
    "|climb|jumped"
    "|jump|surged|surge|advanced|advance|rallied|rally|rebounded|improved|accelerated|raised|hiked|tăng"
    "|tăng trưởng|đi lên"
    "|mức tăng|bật tăng|cải thiện|mạnh hơn thị trường|outperformed|outperforms|outperform|outperforming"
    "|outperformance",
    DOWN: "fell|fall|falls|fallen|declined|decline|declines|dropped|drop|drops|down|decreased|decrease|slid"
    "|slipped|sank"
    "|shrank|contracted|slumped|slump|plunged|tumbled|retreated|weakened|cut|eased|slowed|lost|lose|loses|giảm"
    "|hạ|chậm lại|cooled|softened|collapsed|đi xuống"
    "|mức giảm|mất|sụt|sụt giảm|suy giảm|rớt|yếu hơn thị trường|underperformed|underperforms|underperform"
    "|underperforming"
    "|underperformance|lagged|lags|lag|lagging|trailed|trails",
}
"""Changes: before a level (`fell to 3.4 %`) they say nothing of its sign."""
SIDES = {
    UP: "bought|buying|buys|buy|net buy|inflow|inflows|net buyers|net buyer|mua ròng|mua|positive|dương"
    "|brought in|bring in|poured in",
    DOWN: "sold|selling|sells|sell|outflow|outflows|net sellers|net seller|bán ròng|bán|rút ròng|rút|negative"
    "|loss|losses"
    "|losing|lỗ|thua lỗ|âm|took out|take out|takes out|pulled out|withdrew",
}
"""Sides: what has one has its sign, wherever the number stands."""
AFTER = {
    UP: "gain|rise|increase|inflow|inflows|advance|jump|rally|buying|higher|outperformance|mua ròng",
    DOWN: "fall|decline|drop|decrease|loss|losses|outflow|outflows|selling|slump|lower|underperformance|bán ròng",
}
"""Those that stand after their number: a 3.1 % decline."""
LEVELS = "to|at|from|near|xuống|còn|xuống còn|lên|từ|ở mức|đạt|về mức|đến|tới|reached|reaching|stands at"
"""What makes a number after a change a level."""
COMPARES = {
    UP: "outperformed|outperforms|outperform|outperforming|ahead of|ahead|lead over|leads|led|lead|higher than"
    "|above|exceeds"
    "|exceeded|exceed|exceeding|beat|beats|beating|surpassed|surpassing"
    "|leading the|more than|better than|stronger than|larger than|greater than|hơn|cao hơn|vượt"
    "|mạnh hơn"
    "|lớn hơn|dẫn trước|tốt hơn|nhiều hơn",
    DOWN: "underperformed|underperforms|underperform|underperforming|lagged|lags|lag|lagging|behind|lower than"
    "|below|trails"
    "|trailed|trailing the|less than|worse than|weaker than|smaller than"
    "|thấp hơn|kém|kém hơn|thua|yếu hơn|nhỏ hơn|ít hơn|tệ hơn",
    0: "spread|gap|difference|differential|versus|vs|against|compared|unlike|chênh lệch|cách biệt|so với|khác với",
}
SUMS = "total|totals|totalled|combined|together|altogether|sum|aggregate|in all|tổng|tổng cộng|cộng lại|gộp"
MEANS = "average|averages|averaged|mean|on average|trung bình|bình quân"
CHANGES = "from|by|since|change|changed|previous|earlier|before|thêm|so với|trước đó|thay đổi"
"""Cues of a difference between two dates."""
PAST = "from|previous|previously|earlier|before|prior|after|từ|trước|trước đó|kỳ trước|so với"
"""Cues of the reading before the newest, before its number."""
PAST_BEHIND = frozenset({"previous", "previously", "earlier", "before", "prior", "trước", "trước đó", "kỳ trước"})
"""Those that may stand behind it."""
TOWARDS = frozenset({"to", "xuống", "còn", "xuống còn", "lên", "về mức", "đến", "tới"})
"""Levels to which something moved."""
CHANGED = frozenset({"by", "change", "changed", "thêm", "thay đổi"})
"""Cues of a change, before its number."""
CHANGE_METRICS = frozenset({"change", "chg", "delta", "diff", "difference"})
"""Last words in the name of a metric that is how much another one changed."""
PAST_METRICS = frozenset({"previous", "prior"})
"""Words in the name of a metric that is one."""
WHOLE = (
    "all sectors|every sector|across sectors|whole market|market wide|all the sectors|toàn thị trường"
    "|các ngành|tất cả các ngành|mọi ngành"
)
"""Cues that a sum or a mean is over all sectors."""
BENCHMARKS = "benchmark|market|vnindex|vn index|index|thị trường"
INDICES = "vnindex|vn index|hnx index|upcom index|vn30|s&p 500|nasdaq|dow jones|msci"
"""Indices by name: what is said of one is said of no sector."""
SHARES = "of the total|of the market total|of all foreign|of total|trong tổng số|trong tổng"
"""Cues of a part of a whole."""
NORMS = "average|averages|mean|norm|normal|trend|moving average|trung bình|bình quân|xu hướng"
"""What a figure may be above or below, beside the market and other sectors."""
NET = frozenset({"net", "netted", "ròng"})
AGAINST_MARKET = frozenset({"ahead", "behind"})
"""Comparisons that are with the market, where nothing else is named."""
NEUTRAL = "momentum adjusted|risk adjusted|volatility adjusted|inflation adjusted"
"""Words of metrics that name none here."""
FORECASTS = (
    "expect|expects|expected|expecting|forecast|forecasts|forecasted|predict|predicts|predicted|projected|projects"
    "|dự báo|kỳ vọng|dự kiến"
)
FORECAST = re.compile(rf"\b(?:{FORECASTS}|consensus|target)\b", re.IGNORECASE)
ABROAD = r"US|U\.S\.|Fed|FED|[Ff]ederal|American|China|Chinese|ECB|[Ee]urozone|Euro area|Japan(?:ese)?|Mỹ|Trung Quốc"
"""What is said of a country whose currency the figures are not in. In ordinary case: us is a word."""
HOME = frozenset({"VND"})
"""The currency of figures that are of none of those countries."""
CONTRASTS = (
    "while|but|and|although|though|whereas|despite|against|versus|vs|yet|however|with|after|trong khi|nhưng|và|còn|dù"
    "|mặc dù|song|tuy"
)
"""Words between clauses, of which a period in one says nothing of the other."""
NUMERALS: dict[str, int] = {
    word: count
    for pair in (
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
        ["một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín", "mười"],
    )
    for count, word in enumerate(pair, 1)
}
SPANS = (
    "trading days?|business days?|sessions?|days?|weeks?|months?|quarters?|years?|yrs?|mths?"
    "|phiên|ngày|tuần|tháng|quý|năm"
)
BOUNDS = {
    UP: r"above|over|more than|at least|exceed(?:s|ed|ing)?|beyond|hơn|trên|vượt|ít nhất|tối thiểu",
    DOWN: r"below|under|less than|almost|nearly|close to|up to|dưới|gần|chưa (?:tới|đến)|xấp xỉ",
}
"""Words before a round number that the figure is a little above or below."""
BREAKS = (
    "while|but|and|although|though|whereas|despite|with|at|against|versus|vs|as|amid|which|when|after|yet"
    "|however|so|on|over"
    "|trong khi|nhưng|và|còn|dù|mặc dù|song|tuy|khi|cùng|với"
)
"""Words between clauses."""
LIGHT = (
    "a|an|the|of|about|around|roughly|some|only|just|is|was|are|were|by|net|its|it|khoảng|là|chỉ|ròng|mức|ở"
    "|approximately"
    "|vnd|usd|eur|us|đồng|still|now"
)
"""Words that say nothing of the number they stand before."""
SUBJECTS = "for|of|in|from|của|ở|trong|cho"
"""Between a number and the sector it is about: 1.2 bn of banks."""
PREDICATE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|means?|tells?|gives?|speaks?|beats?|lies|stands|là|cho thấy|nói lên)\b",
    re.IGNORECASE,
)
"""What is said of a number is no longer its name."""
RESPECTIVELY = re.compile(r"\b(?:respectively|lần lượt)\b", re.IGNORECASE)
CONFIDENCE = "confidence|probability|xác suất|độ tin cậy"

GENERIC = frozenset(
    {"value", "amount", "total", "net", "of", "the", "all", "number", "average", "sum", "last", "a", "x", "v"}
)
"""Names of metrics that are too common to be looked for in a text."""

UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("%", "percent", "per cent", "pct", "phần trăm"), ("percent", 1.0)),
    **dict.fromkeys(
        ("pp", "ppt", "ppts", "pps", "p.p.", "percentage point", "percentage points", "percent points", "pct pts",
         "% points", "điểm phần trăm", "điểm %"),
        ("points", 1.0),
    ),
    **dict.fromkeys(("bp", "bps", "basis point", "basis points", "điểm cơ bản"), ("points", 0.01)),
    **dict.fromkeys(("x", "×", "times", "lần", "fold"), ("multiple", 1.0)),
    **dict.fromkeys(("points", "point", "pts", "điểm"), ("index", 1.0)),
}  # fmt: skip
"""Unit in a text → its kind, and how much of the kind's own unit it is."""
SCALES: dict[str, float] = {
    **dict.fromkeys(("thousand", "nghìn", "ngàn"), 1e3),
    **dict.fromkeys(("million", "millions", "mn", "mln", "mio", "triệu"), 1e6),
    **dict.fromkeys(("billion", "billions", "bn", "bln", "tỷ", "tỉ"), 1e9),
    **dict.fromkeys(("trillion", "trillions", "tn", "trn", "nghìn tỷ", "nghìn tỉ", "ngàn tỷ", "ngàn tỉ"), 1e12),
    **dict.fromkeys(("triệu tỷ", "triệu tỉ"), 1e15),
}
GLUED = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
"""Scales that are one letter, directly behind the digits."""
SCALE_NAMES = {1.0: "", 1e3: "thousand", 1e6: "mn", 1e9: "bn", 1e12: "tn", 1e15: "million bn"}
CURRENCIES: dict[str, str] = {
    **dict.fromkeys(("vnd", "vnđ", "đồng", "dong", "₫", "đ"), "VND"),
    **dict.fromkeys(("usd", "us$", "$", "dollar", "dollars", "đô la"), "USD"),
    **dict.fromkeys(("eur", "€", "euro", "euros"), "EUR"),
    **dict.fromkeys(("gbp", "£"), "GBP"),
    **dict.fromkeys(("jpy", "¥", "yen"), "JPY"),
    **dict.fromkeys(("cny", "yuan", "rmb"), "CNY"),
}
VIETNAMESE_UNITS = frozenset(
    ("phần trăm", "điểm phần trăm", "điểm %", "điểm cơ bản", "lần", "điểm", "nghìn", "ngàn", "triệu", "tỷ", "tỉ",
     "đồng", "nghìn tỷ", "nghìn tỉ", "ngàn tỷ", "ngàn tỉ", "triệu tỷ", "triệu tỉ")
)  # fmt: skip
"""After these a lone separator is read as Vietnamese writes it."""
FRACTIONS = ("fraction", "decimal", "proportion", "share", "ratio")
COUNTS = ("count", "number", "trades", "shares", "lots", "contracts", "cổ phiếu")
BARE = ("index", "score", "z", "sd", "level", "rank", "days")
"""Words in the unit that a server declares, beside those above."""
VIETNAMESE_LETTERS = re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)
