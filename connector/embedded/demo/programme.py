"""The order of the steps, with their names and clauses."""

from connector.embedded.demo.scene import Step

PROGRAMME: tuple[Step, ...] = ()
