"""Least squares: residuals and their linearisation, quadratic models, methods, and Newton's method for fixed points."""

from ._adam import Adam as Adam
from ._gauss_newton import GaussNewton as GaussNewton
from ._gram import add_gram as add_gram
from ._gram import mirrored as mirrored
from ._method import Memory as Memory
from ._method import Method as Method
from ._method import Step as Step
from ._minimise import minimise as minimise
from ._newton import differenced as differenced
from ._newton import distinct as distinct
from ._newton import zeros as zeros
from ._quadratic import SOLVERS as SOLVERS
from ._quadratic import Cost as Cost
from ._quadratic import Quadratic as Quadratic
from ._quadratic import choose_solver as choose_solver
from ._quadratic import costs as costs
from ._residual import GIB as GIB
from ._residual import Block as Block
from ._residual import FrozenCurvature as FrozenCurvature
from ._residual import Linearisation as Linearisation
from ._residual import Normal as Normal
from ._residual import Products as Products
from ._residual import Residual as Residual
from ._residual import Sum as Sum
