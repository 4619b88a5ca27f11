"""What schemathesis sends as bytes, as it does not know it; test_contract.py hands it this file."""

import schemathesis

schemathesis.serializer.alias("message/rfc822", "application/octet-stream")
