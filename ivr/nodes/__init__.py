"""Kinds of nodes, one small file each. A new kind is one new file and one new line in NODE_TYPES."""

from ivr.nodes.appointments import ListAppointments
from ivr.nodes.book import BookAppointment
from ivr.nodes.branch import Branch
from ivr.nodes.callback import AskCallback
from ivr.nodes.cancel import CancelAppointment
from ivr.nodes.confirm import ConfirmAppointment
from ivr.nodes.gather import Gather
from ivr.nodes.hangup import EndCall
from ivr.nodes.identify import Identify
from ivr.nodes.language import SpeakLanguage
from ivr.nodes.menu import Menu
from ivr.nodes.queue import Queue
from ivr.nodes.reschedule import MoveAppointment
from ivr.nodes.say import Say
from ivr.nodes.voicemail import LeaveVoicemail

NODE_TYPES = (
    Say,
    Menu,
    Gather,
    Identify,
    Branch,
    BookAppointment,
    ListAppointments,
    ConfirmAppointment,
    CancelAppointment,
    MoveAppointment,
    SpeakLanguage,
    AskCallback,
    Queue,
    LeaveVoicemail,
    EndCall,
)
