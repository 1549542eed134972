"""What people also write, and no knowledge base answers: what went wrong, what happens to them, small talk, offers.

A message that comes nearer to one of these than to any question of the folder is for a person. They are in English; a
model that knows many languages finds them in all.
"""

from __future__ import annotations

from collections.abc import Sequence

DECOYS: Sequence[str] = [
    line.strip()
    for line in """
    Where is my order?
    My order has not arrived.
    Something is missing from my order.
    I am still waiting.
    It was broken when it came.
    It was late and cold.
    I want to complain.
    Your staff was rude.
    The service was terrible.
    I am very disappointed.
    There was something disgusting in it.
    I felt sick afterwards.
    You charged me too much.
    I was charged twice.
    The payment failed.
    It does not work.
    Your website is down.
    I forgot something at your place.
    I lost my wallet.
    Can I speak to a person?
    Please call me back.
    I want to talk to the boss.
    Do you have a job for me?
    Are you looking for staff?
    I am on my way.
    I will be late.
    I am outside.
    See you tomorrow.
    Thank you, that was great.
    It tasted very good.
    I loved it.
    Congratulations!
    Happy new year!
    How are you today?
    What are you doing?
    I miss you.
    Good morning, have a nice day.
    Did you see the match last night?
    What is the news?
    Will it rain tomorrow?
    Tell me a joke.
    What is the capital of France?
    Can you help my son with school?
    Which doctor do you recommend?
    Where can I buy a new phone?
    How do I get to the airport?
    Who is the president?
    I sent you the documents.
    Did you get my message?
    Can we meet on Monday?
    I want to sell you something.
    We offer marketing for your business.
    You have won a prize, click here.
    Send me money.
    Is that safe?
    What is that made of?
    Who are you?
    Are you married?
    Is there music tonight?
    Do you sell that too?
    Can I bring it with me?
    Please delete my number.
    Do not write to me again.
    Yes, exactly.
    No, that is wrong.
    OK, I will do that.
    Which one is the best?
    I changed my mind.
    Your advertisement is wrong.
    I need an invoice.
    """.strip().splitlines()
]
