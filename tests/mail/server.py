"""An SMTP server that keeps each mail as a file: aiosmtpd, as other people wrote it.

    server.py FOLDER PORT USER PASSWORD

Port 0 takes any free one; the port is written to FOLDER/port. A mail is FOLDER/mail-<n>.json: envelope, headers and parts as
Python's own parser of mails reads them, and all of it as it came. While there is a file FOLDER/hold, a mail is kept and not
answered; while there is FOLDER/refuse, recipients are refused for good.
"""

import asyncio
import email
import email.policy
import json
import pathlib
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if (self.folder / "refuse").exists():
            return f"550 5.1.1 <{address}>: there is nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        kept = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "user": getattr(session.auth_data, "login", b"").decode() if session.auth_data else None,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "type": message.get_content_type(),
            "defects": [str(defect) for part in message.walk() for defect in part.defects],
            "parts": {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()},
            "raw": envelope.content.decode("utf-8", "replace"),
        }
        whole = self.folder / f"arriving-{self.count}"
        whole.write_text(json.dumps(kept))
        whole.rename(self.folder / f"mail-{self.count}.json")
        while (self.folder / "hold").exists():
            await asyncio.sleep(0.02)
        return "250 OK"


async def main():
    folder, port, user, password = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    keeper = Keeper(folder)
    # A server that was stopped goes on with the next number.
    keeper.count = len(list(folder.glob("mail-*.json")))

    def authenticator(server, session, envelope, mechanism, data):
        good = (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=good, handled=good, auth_data=data)

    def connection():
        return SMTP(keeper, authenticator=authenticator, auth_required=True, auth_require_tls=False, hostname="mail.test")

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", port)
    found = folder / "finding-port"
    found.write_text(str(server.sockets[0].getsockname()[1]))
    found.rename(folder / "port")
    async with server:
        await server.serve_forever()


asyncio.run(main())
