"""What the rules can say, in English and in Vietnamese. `wording` fills the braces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.model.scorecard import MONTH, YEAR


@dataclass(frozen=True)
class Phrases:
    """The sentences of one language, and the words that they are made of."""

    language: str
    """Its two letters."""

    rank: Mapping[str, str]
    """By action; that of the answer itself stays the schema's word."""
    supports: str
    """Figures for a call, and against it."""
    opposes: str
    raises: str
    """For a neutral sector: figures for a higher rank, and for a lower one."""
    lowers: str
    near_the_mean: str
    few_measures: str
    without_figures: str
    as_asked: str
    not_returned: str
    """Lookbacks that were asked for, and of which no return came."""

    counts: str
    share: str
    shares: Mapping[float, str]
    """Weight → words: a number in a rationale would have to be some figure's."""
    low: str
    missing: str
    shelter: str
    shelter_before: str
    calibrated: str
    too_thin: str
    too_early: str
    slowdown: str
    rate: str
    rate_changed: str
    no_rate: str

    all_of: str
    any_of: str
    """Between the last two of a list."""
    highest: str
    nth_highest: str
    lowest: str
    nth_lowest: str
    ordinal: Callable[[int], str]

    measures: Mapping[str, str]
    """Measure of the scorecard → words, where its own name will not do."""
    metrics: Mapping[str, str]
    """The same for a figure's metric."""
    metrics_of: Mapping[tuple[str, str], str]
    """The same for a metric of a tool with a word in its name."""
    units: Mapping[str, str]
    """Unit → what stands behind the number."""
    spans: Mapping[str, str]
    """The letter of a lookback → words."""
    separators: tuple[str, str]
    """Of thousands, and of decimals."""


def _ordinal(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


ENGLISH = Phrases(
    language="en",
    rank=dict.fromkeys(("overweight", "neutral", "underweight"), "Ranks {rank} of {of} on the scorecard."),
    supports="What speaks for this call among the sectors: {figures}.",
    opposes="Against it: {figures}.",
    raises="For a higher rank among the sectors: {figures}.",
    lowers="For a lower rank: {figures}.",
    near_the_mean="It is near the mean of the sectors in every measure, as in {figure}.",
    few_measures="Only {have} of {of} measures have figures for it.",
    without_figures="No tool returned figures for this sector, so nothing speaks for or against it.",
    as_asked="As asked: {figures}.",
    not_returned="no performance came for {lookbacks}",
    counts="The scorecard counts {shares}.",
    share="{measures} {share}",
    shares={1.5: "one and a half times", 1.0: "in full", 0.5: "by half", 0.25: "by a quarter", 0.125: "by an eighth"},
    low="low {measure}",
    missing="No tool gave {measures}.",
    shelter="The question asks for shelter, so low volatility counts most.",
    shelter_before="An earlier question asked for shelter, so low volatility counts most.",
    calibrated="Confidence is how often such scores were right on US industries from 1950 to {year}.",
    too_thin=(
        "Confidence is not calibrated: that takes five sectors, and the return over a year or two of the main measures."
    ),
    too_early="Confidence is not calibrated: no ten years of outcomes lie before the as-of date.",
    slowdown="Growth slows while unemployment rises, which the scorecard does not weigh.",
    rate="{rate}: {value}, which the scorecard does not weigh.",
    rate_changed="{rate}: {value} after a change of {change}, which the scorecard does not weigh.",
    no_rate="The question is about interest rates, which no tool gave and the scorecard does not weigh.",
    all_of=" and ",
    any_of=" or ",
    highest="highest of {of}",
    nth_highest="{nth} highest of {of}",
    lowest="lowest of {of}",
    nth_lowest="{nth} lowest of {of}",
    ordinal=_ordinal,
    measures={},
    metrics={},
    metrics_of={
        ("foreign", "net_value"): "net foreign flow",
        ("foreign", "share_of_turnover"): "net foreign flow as a share of turnover",
        ("whale", "net_value"): "net value of large trades",
    },
    units={"percent": " %"},
    spans={},
    separators=(",", "."),
)

VIETNAMESE = Phrases(
    language="vi",
    rank={
        "overweight": "Tăng tỷ trọng {sector}: xếp hạng {rank} trên {of} ngành theo bảng điểm.",
        "neutral": "Trung lập với {sector}: xếp hạng {rank} trên {of} ngành theo bảng điểm.",
        "underweight": "Giảm tỷ trọng {sector}: xếp hạng {rank} trên {of} ngành theo bảng điểm.",
    },
    supports="Yếu tố ủng hộ: {figures}.",
    opposes="Yếu tố ngược chiều: {figures}.",
    raises="Yếu tố nâng thứ hạng: {figures}.",
    lowers="Yếu tố kéo lùi thứ hạng: {figures}.",
    near_the_mean="Mọi thước đo của ngành này đều gần trung bình các ngành, chẳng hạn {figure}.",
    few_measures="Chỉ {have} trên {of} thước đo có số liệu cho ngành này.",
    without_figures="Trung lập với {sector}: không công cụ nào trả về số liệu cho ngành này.",
    as_asked="Theo câu hỏi: {figures}.",
    not_returned="không có số liệu hiệu suất cho {lookbacks}",
    counts="Bảng điểm tính {shares}.",
    share="{measures} với {share}",
    shares={
        1.5: "trọng số gấp rưỡi",
        1.0: "trọng số đầy đủ",
        0.5: "một nửa trọng số",
        0.25: "một phần tư trọng số",
        0.125: "một phần tám trọng số",
    },
    low="{measure} thấp",
    missing="Không công cụ nào cho số liệu về {measures}.",
    shelter="Câu hỏi tìm ngành phòng thủ, nên biến động thấp có trọng số lớn nhất.",
    shelter_before="Câu hỏi trước đó tìm ngành phòng thủ, nên biến động thấp có trọng số lớn nhất.",
    calibrated=(
        "Độ tin cậy cho biết những điểm số như vậy đã đúng thường xuyên đến mức nào với các ngành của Mỹ "
        "từ năm 1950 đến năm {year}."
    ),
    too_thin=("Độ tin cậy chưa được hiệu chỉnh: cần năm ngành, và hiệu suất một năm hoặc hai thước đo chính."),
    too_early="Độ tin cậy chưa được hiệu chỉnh: trước ngày phân tích chưa có đủ mười năm kết quả.",
    slowdown="Tăng trưởng chậm lại trong khi thất nghiệp tăng; bảng điểm không tính đến điều này.",
    rate="{rate}: {value}; bảng điểm không tính đến lãi suất.",
    rate_changed="{rate}: {value}, sau khi thay đổi {change}; bảng điểm không tính đến lãi suất.",
    no_rate="Câu hỏi nói về lãi suất, mà không công cụ nào cho số liệu và bảng điểm cũng không tính đến.",
    all_of=" và ",
    any_of=" hoặc ",
    highest="cao nhất trong {of} ngành",
    nth_highest="cao thứ {nth} trong {of} ngành",
    lowest="thấp nhất trong {of} ngành",
    nth_lowest="thấp thứ {nth} trong {of} ngành",
    ordinal=str,
    measures={
        YEAR: "hiệu suất một năm",
        MONTH: "hiệu suất một tháng",
        "seasonality": "tính mùa vụ",
        "volatility": "biến động",
    },
    metrics={
        "performance": "hiệu suất",
        "momentum": "động lượng",
        "volatility": "biến động",
        "relative_strength": "sức mạnh tương đối",
        "seasonality": "tính mùa vụ",
        "share_of_turnover": "tỷ lệ trên giá trị giao dịch",
        "net_value": "giá trị ròng",
        "profit_growth": "tăng trưởng lợi nhuận",
        "interest_rates": "lãi suất",
        "interest_rate": "lãi suất",
        "policy_rate": "lãi suất điều hành",
    },
    metrics_of={
        ("foreign", "net_value"): "dòng tiền ròng khối ngoại",
        ("foreign", "share_of_turnover"): "tỷ lệ dòng tiền ròng khối ngoại trên giá trị giao dịch",
        ("whale", "net_value"): "giá trị ròng của giao dịch lớn",
    },
    units={
        "percent": "%",
        "percentage points": " điểm phần trăm",
        "VND bn": " tỷ đồng",
        "VND billion": " tỷ đồng",
    },
    spans={"D": "phiên", "W": "tuần", "M": "tháng", "Q": "quý", "Y": "năm"},
    separators=(".", ","),
)
