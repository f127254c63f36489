"""A file without a header shows its first customer as column names; the error does not pass the address on."""

import io

import pytest

import campaignkit as ck


def test_a_headerless_file_is_refused_without_repeating_an_address() -> None:
    with pytest.raises(ck.NoAddressColumn) as refused:
        ck.read_contacts(io.StringIO("Ann Lee,ann@example.com,(212) 555-0143\n"), region="US")

    assert refused.value.code == "no_address_column"
    assert "Ann Lee" in str(refused.value)
    for secret in ("ann@example.com", "555"):
        assert secret not in str(refused.value) + repr(refused.value)
