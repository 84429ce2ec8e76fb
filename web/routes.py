"""Every page and every part: method, path, handler, permission. The API's rows are made from its endpoints."""

from crm_core.users.rights import Right
from web.access import Open, Route
from web.api import table as api
from web.pages import appointments, audit, calls, demo, desk, patients, session, sms, stream, tasks, users, wallboard

PAGES: tuple[Route, ...] = (
    Route("GET", "/", session.start, Open.TO_USERS),
    Route("GET", "/login", session.show_login, Open.TO_ALL),
    Route("POST", "/login", session.log_in, Open.TO_ALL),
    Route("POST", "/logout", session.log_out, Open.TO_USERS),
    Route("POST", "/language", session.choose_language, Open.TO_ALL),
    Route("GET", "/live", stream.live, Open.TO_USERS),
    Route("GET", "/desk", desk.show, Right.TAKE_CALLS),
    Route("GET", "/desk/line", desk.line, Right.TAKE_CALLS),
    Route("GET", "/desk/state", desk.state, Right.TAKE_CALLS),
    Route("POST", "/desk/state", desk.set_state, Right.TAKE_CALLS),
    Route("GET", "/desk/waiting", desk.waiting, Right.SEE_CALLS),
    Route("GET", "/desk/colleagues", desk.colleagues, Right.TAKE_CALLS),
    Route("GET", "/desk/caller/{id}", desk.caller, Right.TAKE_CALLS),
    Route("GET", "/desk/pop/{id}", desk.pop, Right.TAKE_CALLS),
    Route("GET", "/desk/calls/{id}", desk.pop_call, Right.TAKE_CALLS),
    Route("POST", "/desk/calls/{id}/bring", desk.bring_back, Right.TAKE_CALLS),
    Route("POST", "/desk/calls/{id}/find", desk.find_patient, Right.TAKE_CALLS),
    Route("POST", "/desk/calls/{id}/patient", desk.choose_patient, Right.TAKE_CALLS),
    Route("POST", "/desk/calls/{id}/consultation", desk.consult, Right.TAKE_CALLS),
    Route("POST", "/desk/calls/{id}/disposition", desk.dispose, Right.TAKE_CALLS),
    Route("GET", "/patients", patients.index, Right.SEE_PATIENTS),
    Route("POST", "/patients", patients.register, Right.EDIT_PATIENTS),
    Route("POST", "/patients/search", patients.search, Right.SEE_PATIENTS),
    Route("POST", "/patients/find", patients.find, Right.SEE_PATIENTS),
    Route("GET", "/patients/new", patients.new, Right.EDIT_PATIENTS),
    Route("GET", r"/patients/{id:\d+}", patients.show, Right.SEE_PATIENTS),
    Route("POST", r"/patients/{id:\d+}", patients.change, Right.EDIT_PATIENTS),
    Route("GET", r"/patients/{id:\d+}/edit", patients.edit, Right.EDIT_PATIENTS),
    Route("GET", r"/patients/{id:\d+}/cards", patients.show_cards, Right.SEE_PATIENTS),
    Route("GET", r"/patients/{id:\d+}/timeline", patients.entries, Right.SEE_PATIENTS),
    Route("GET", r"/patients/{id:\d+}/book", appointments.offer, Right.BOOK),
    Route("GET", "/appointments", appointments.index, Right.SEE_PATIENTS),
    Route("POST", "/appointments", appointments.book, Right.BOOK),
    Route("POST", r"/appointments/{id:\d+}/confirm", appointments.confirm, Right.BOOK),
    Route("POST", r"/appointments/{id:\d+}/cancel", appointments.cancel, Right.BOOK),
    Route("POST", r"/appointments/{id:\d+}/restore", appointments.restore, Right.BOOK),
    Route("POST", r"/appointments/{id:\d+}/remind", appointments.remind, Right.BOOK),
    Route("GET", "/calls", calls.index, Right.SEE_CALLS),
    Route("POST", "/calls/search", calls.search, Right.SEE_CALLS),
    Route("GET", "/calls/{id}", calls.show, Right.SEE_CALLS),
    Route("GET", "/recordings", calls.index_recordings, Right.HEAR_RECORDINGS),
    Route("POST", "/recordings/search", calls.search_recordings, Right.HEAR_RECORDINGS),
    Route("GET", "/recordings/{id}", calls.player, Right.HEAR_RECORDINGS),
    Route("GET", "/recordings/{id}/peaks", calls.peaks, Right.HEAR_RECORDINGS),
    Route("GET", "/recordings/{id}/audio", calls.play, Right.HEAR_RECORDINGS),
    Route("GET", "/sms", sms.index, Right.SEE_SMS),
    Route("POST", "/sms", sms.write, Right.SEND_SMS),
    Route("GET", "/sms/new", sms.compose, Right.SEND_SMS),
    Route("GET", "/sms/threads", sms.thread_list, Right.SEE_SMS),
    Route("GET", "/sms/unread", sms.unread, Right.SEE_SMS),
    Route("GET", r"/sms/{id:\d+}", sms.show, Right.SEE_SMS),
    Route("GET", r"/sms/{id:\d+}/messages", sms.messages, Right.SEE_SMS),
    Route("GET", r"/patients/{id:\d+}/sms", sms.with_patient, Right.SEE_SMS),
    Route("GET", "/tasks", tasks.index, Right.DO_TASKS),
    Route("POST", r"/tasks/{id:\d+}/done", tasks.done, Right.DO_TASKS),
    Route("POST", r"/tasks/{id:\d+}/reopen", tasks.reopen, Right.DO_TASKS),
    Route("GET", "/wallboard", wallboard.index, Right.SEE_WALLBOARD),
    Route("GET", "/wallboard/board", wallboard.board, Right.SEE_WALLBOARD),
    Route("GET", "/users", users.index, Right.MANAGE_USERS),
    Route("POST", "/users", users.create, Right.MANAGE_USERS),
    Route("POST", r"/users/{id:\d+}/password", users.reset_password, Right.MANAGE_USERS),
    Route("POST", r"/users/{id:\d+}/desk", users.give_desk, Right.MANAGE_USERS),
    Route("POST", r"/users/{id:\d+}/active", users.set_active, Right.MANAGE_USERS),
    Route("GET", "/audit", audit.index, Right.SEE_AUDIT),
)
DEMO: tuple[Route, ...] = (
    Route("GET", "/demo", demo.show, Open.TO_ALL),
    Route("POST", "/demo/line", demo.line, Open.TO_ALL),
    Route("POST", "/demo/thread", demo.thread, Open.TO_ALL),
    Route("POST", "/demo/send", demo.send, Open.TO_ALL),
)


def table(*, with_demo: bool) -> tuple[Route, ...]:
    """What this process serves. The demo's pages exist in the demo only."""
    return PAGES + api.routes() + (DEMO if with_demo else ())
