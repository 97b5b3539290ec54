"""A small evaluator of exported formulas: arithmetic, comparisons and calls of known functions, nothing else."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

_BINARY = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
}
_COMPARE = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge}


def ieee(function: Callable[..., float]) -> Callable[..., float]:
    """The function with infinity for an overflow and NaN outside its domain, as languages with IEEE numbers have it."""

    def wrapped(*arguments: float) -> float:
        try:
            return function(*arguments)
        except OverflowError:
            return -math.inf if function is math.sinh and arguments[0] < 0 else math.inf
        except (ValueError, ZeroDivisionError):
            return math.nan

    return wrapped


def divide(a: float, b: float) -> float:
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)
    return a / b


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: ieee(getattr(math, name)) for name in "exp log sqrt sin cos tan atan sinh cosh tanh floor".split()},
    "abs": abs,
    "min": min,
    "max": max,
    "sign": lambda x: math.copysign(1.0, x) if x else 0.0,
    "ifelse": lambda test, yes, no: yes if test else no,
    "choose": lambda test, yes, no: yes if test else no,
}


def value(text: str, names: Mapping[str, float], functions: Mapping[str, Callable[..., Any]] | None = None) -> Any:
    """Return the value of a formula written with ``^`` or ``**``; anything but a formula is an error."""
    known = {**FUNCTIONS, **(functions or {})}

    def visit(node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name):
                return names[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -visit(operand)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return ieee(math.pow)(visit(left), visit(right))
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return divide(visit(left), visit(right))
            case ast.BinOp(left=left, op=op, right=right):
                return _BINARY[type(op)](visit(left), visit(right))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return _COMPARE[type(op)](visit(left), visit(right))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return known[name](*map(visit, arguments))
        raise ValueError(f"not a formula: {ast.dump(node)[:80]}")

    return visit(ast.parse(text.strip().replace("^", "**"), mode="eval").body)


def function(argument: str, body: str, functions: Mapping[str, Callable[..., Any]]) -> Callable[[float], float]:
    """The function of one argument whose value is the formula ``body``."""
    return lambda x: value(body, {argument: x}, functions)
