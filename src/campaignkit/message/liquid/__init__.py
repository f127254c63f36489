"""Full Liquid, through the extra ``templates``: a source in, a template that fills in one recipient out. Pure.

Only engine.py knows python-liquid, and it is loaded when the first such template is compiled.
"""

from campaignkit.message.liquid.template import LiquidTemplate, compile_liquid

__all__ = ["LiquidTemplate", "compile_liquid"]
