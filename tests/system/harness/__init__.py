"""Real name servers, a scripted primary and a wiretap for the system tests."""
