# SPDX-License-Identifier: Apache-2.0
"""Scripts on three members: what one member is given runs on all, and their sale is one sale."""

import pytest

from gateway import mock, pipeline, sale_server, wasm
from script_languages import SCRIPT_LANGUAGES
from shared_sale import wait_running

LIMIT = 30


@pytest.mark.parametrize("name", SCRIPT_LANGUAGES)
def test_one_sale_and_one_script(new_cluster, port, tmp_path, name):
    language = SCRIPT_LANGUAGES[name]
    members = new_cluster(3).start()
    file = tmp_path / f"sale{language.ending}"
    file.write_text(language.step(6))
    sale = {"startTime": "2021-08-08T00:00:00+00:00", "blockRatio": "0", "maxPermission": str(LIMIT)}
    members[0].apply(sale_server(port))
    members[0].apply(pipeline("p", wasm(language.code, script=str(file), parameters=sale), mock("buy\n")))
    wait_running(members)

    users = [f"zoë{n}".encode().decode("latin1") for n in range(LIMIT + 10)]
    answers = [members[n % 3].ask(port, Authorization=user).text for n, user in enumerate(users)]
    assert answers == ["buy\n"] * LIMIT + ["sold out.\n"] * 10
    for member in members:
        assert [member.ask(port, Authorization=user).text for user in users[:3]] == ["buy\n"] * 3
        assert member.egctl("wasm", "count-data", "p", "wasm", "--prefix", "id/").stdout.strip() == str(LIMIT)

    file.write_text(language.sold_out)
    members[1].egctl("wasm", "reload-code")
    assert [member.ask(port, Authorization=users[0]).text for member in members] == ["sold out.\n"] * 3
    file.write_text(language.nonsense)
    refused = members[2].egctl("wasm", "reload-code", check=False)
    assert refused.returncode == 1 and f"{file}:2:" in refused.stderr
    assert [member.ask(port, Authorization=users[0]).text for member in members] == ["sold out.\n"] * 3
