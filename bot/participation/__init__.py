"""Taking part: what is offered, who looks for what, and what fits whom (pure)."""
