"""The faults as a table."""

import re

import pytest
from codex_faults.catalogue import MODULES, catalogue
from codex_faults.fault import Fault
from codex_faults.requests import complete

FAULTS = list(catalogue().values())


def test_each_fault_has_a_name_of_its_own() -> None:
    assert len(FAULTS) == sum(len(list(module.faults())) for module in MODULES)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_name_can_be_typed_and_a_promise_is_one_sentence(fault: Fault) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", fault.name)
    assert re.fullmatch(r"[A-Z][^|]+\.", fault.promise)
    assert ". " not in fault.promise


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_key_that_is_made_from_a_name_is_one_that_the_backend_takes(fault: Fault) -> None:
    assert len(complete(f"{fault.name}-00000").key) <= 64
