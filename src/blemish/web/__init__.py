"""The server: pictures come in, finds are reviewed, labels go out; fastapi and SQL live here."""
