"""How numbers are learned: courses of residuals, judges, and the loop."""

from ._courses import course_for as course_for
from ._extension import Extension as Extension
from ._extension import descended as descended
from ._first_bias import first_bias as first_bias
from ._fit import fit as fit
from ._job import Job as Job
from ._learn import sets_of as sets_of
from ._learn import summed as summed
from ._online import learn_online as learn_online
from ._screen import screen as screen
from ._settings import Settings as Settings
