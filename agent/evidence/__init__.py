"""Every number in a rationale, looked up in what the model was shown.

A number is *grounded* when a figure of its sector, of the metric that its clause names, has its value: rounded as it is
displayed, in a unit that fits, with the sign that the words say. It is *derived* when words such as `outperformed Banks
by` say how, and it comes of figures that way. Dates, periods, ranks and counts claim nothing and are *excluded*.
"""

from agent.evidence.examining import chance, examine
from agent.evidence.number import UNBORNE, Found, Number, Status

__all__ = ["UNBORNE", "Found", "Number", "Status", "chance", "examine"]
