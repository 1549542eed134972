"""Track a message and send it: your script says what is to go out, moves it along, and keeps the session known.

    python examples/track_and_send.py 15550100111 "Your order is ready."

It sends through the backend that the setting ``api_endpoint`` names. Without one at hand, start a simulated one first:

    python -m signoff.gateway.backend --folder world
"""

from __future__ import annotations

import sys

from state_manager import MessageStatus, StateManager
from whatsapp_sender import WhatsAppSender


def main(recipient: str, text: str) -> int:
    """Send one message; 0 when the backend took it, 1 when not."""
    manager = StateManager()
    sender = WhatsAppSender()

    account = sender.get_account_info()
    if account:
        manager.update_session_status(authenticated=True, account_info=account)
    if not manager.is_session_valid():
        print("Scan the QR code first." if manager.requires_qr_scan() else "The backend does not answer; try later.")
        return 1

    message = {"recipient": recipient, "body": text}
    manager.add_message(message, MessageStatus.PENDING_APPROVAL)  # gives the message an id
    sent = sender.send_message(recipient, text)
    outcome = MessageStatus.SENT if sent else MessageStatus.FAILED
    manager.move_message(message["id"], MessageStatus.PENDING_APPROVAL, outcome)

    print(f"Message {message['id']} is {manager.get_message(message['id']).status}.")
    return 0 if sent else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: track_and_send.py NUMBER TEXT")
    sys.exit(main(*sys.argv[1:]))
