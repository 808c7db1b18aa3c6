"""The base of all values that pass between modules."""

from typing import Self

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen value that always serializes to strict JSON.

    It rejects unknown fields, NaN and Infinity.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    def changed(self, **fields: object) -> Self:
        """Return a copy with other values in `fields`, checked as at construction.

        `model_copy(update=…)` checks neither names nor values.

        Raises:
            ValueError: If there is no such field, or the value does not fit it.
        """
        former = {name: getattr(self, name) for name in self.model_fields_set}
        return type(self).model_validate(former | fields)
