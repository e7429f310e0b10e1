"""What a part's author tests it with: one line a part, and a message that says what to mend.

```python
from aaecore.testing import check_prior


def test_prior():
    check_prior(Laplace(scale=2))
```
"""

from aaecore.testing.architectures import check_architecture
from aaecore.testing.bench import Bench
from aaecore.testing.losses import check_loss
from aaecore.testing.priors import check_prior
from aaecore.testing.problems import ContractError
from aaecore.testing.recipes import check_recipe
from aaecore.testing.schedulers import check_scheduler
from aaecore.testing.stackings import check_stacking

__all__ = [
    "Bench",
    "ContractError",
    "check_architecture",
    "check_loss",
    "check_prior",
    "check_recipe",
    "check_scheduler",
    "check_stacking",
]
