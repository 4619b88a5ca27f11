"""What lies on the disk and in the logs after real use holds no word of a message and none that a user wrote."""

import re

from tests.flows.canaries import PUBLIC, SECRETS, files, found, mail, use
from tests.flows.conftest import Restante


def test_nothing_readable_is_left_behind(restante: Restante) -> None:
    use(restante)
    restante.stop()
    assert found(mail(), SECRETS | PUBLIC), "the search itself finds nothing"
    kept = list(files(restante.folder / "data"))
    assert len(kept) > 100
    for path in kept:
        assert not found(path.read_bytes(), SECRETS), path
    log = restante.log.read_bytes()
    assert b'"event": "smtp_data"' in log
    assert b'"route": "/messages/{message_id}"' in log
    assert not found(log, SECRETS | PUBLIC)
    assert not re.search(rb"[a-z0-9.+-]+@(?!example)[a-z0-9-]+\.[a-z]", log)
    for path in files(restante.folder / "data" / "postgres" / "log"):
        assert not found(path.read_bytes(), SECRETS | PUBLIC), path
