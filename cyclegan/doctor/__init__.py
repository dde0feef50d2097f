"""`cyclegan doctor`: what is wrong with a dataset, told before hours are spent on it.

`survey.py` measures the pictures, `facts.py` sums them up, `duplicates.py` finds copies among them,
`symptoms.py` and `domain_gap.py` say what is wrong, in the terms of `findings.py`, and
`diagnosis.py` puts it in order; none of them needs torch.
`pace.py` times some training steps.
"""

from cyclegan.doctor.diagnosis import Diagnosis, diagnose

__all__ = ["Diagnosis", "diagnose"]
