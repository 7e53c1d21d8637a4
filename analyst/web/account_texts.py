"""What the accounts room says to people at their browsers, marked for translation.

That room speaks English to command line and pages alike; pages look its finished sentences up by these.
"""

from __future__ import annotations

from typing import Final

from analyst.translation import message

ACCOUNT_TEXTS: Final = (
    message("Name or password are wrong."),
    message("Too many attempts failed. Wait a while, then try again."),
    message("The code does not fit, or was used already. Wait for the next one."),
    message("The current password is wrong."),
    message("The invitation is wrong, was used already, or is too old. Ask for another one."),
    message("The invitation was used already, or is too old. Ask for another one."),
    message("The password was changed meanwhile. Log in again."),
    message("The account has many passkeys. Remove one first."),
    message("This is your only second factor. Add another one first."),
    message("There is no such passkey."),
    message("The password needs at least 12 characters. Several words are good."),
    message("The password may have at most 256 characters."),
    message("The password is hardly more than a name. Choose another one."),
    message("The password is one of the first that are tried. Choose another one."),
    message("An account needs at least one role: analyst, releaser or administrator."),
    message("This is the last active administrator. Make another one first."),
    message("There is an account of this name already. Names are never given to somebody else."),
    message("The account is not disabled."),
    message("The account was never set up. Reset it, and give the person the new code."),
    message("The code does not fit. Check that the clock of the telephone is right, and try again."),
    message("One-time codes are your only second factor. Add a passkey first."),
    message("A token is good for 1 to 366 days."),
    message("The account has many tokens. Revoke one first."),
    message("This was not begun here, or it took too long. Begin again."),
    message("The name of an account has 2 to 64 characters: letters a to z, digits, and . _ - @ after the first."),
    message("The display name has at most 100 printable characters."),
    message("This is your own account. Ask another administrator, or use `fyren accounts` on the machine."),
    message("This account logs in at the agency's login service, which has its password."),
    message("This account logs in at the agency's login service, which has its second factors."),
    message("Your roles do not allow this. Ask an administrator."),
    message("The passkey was not accepted. Try again, or use another way to log in."),
    message("Confirm with your second factor first."),
    message("The session is over. Log in again."),
    message("The login service did not log you in. Try again."),
    message("The login was not strong enough. Log in with the second factor of your agency."),
    message("The login service did not answer as it should. Try again later."),
    message("The login service cannot be reached. Try again later."),
    message("The login service's answer was not accepted. Try again; if it goes on, ask an administrator."),
    message("The login service did not ask you anew, so nothing was confirmed. Ask an administrator."),
    message("The login service does not accept this site's name or secret. Ask an administrator."),
    message("The login service does not describe itself as it should."),
    message("The login service calls itself another name than {issuer}. Check the setting."),
    message("Record {number} of the audit log is missing."),
    message("Record {number} of the audit log, or one before it, was changed."),
    message("The audit log up to record {number} is not the one that was noted."),
    message("The audit log ends at record {number}; record {noted} had been noted."),
    message("You are known to the login service, but have no access here. Ask an administrator."),
)
