"""CloudFormation templates: read from YAML into their JSON form, and the few intrinsic functions a root template
uses between its nested stacks, evaluated."""

import re
from pathlib import Path

import yaml


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    pass


def _intrinsic(loader, name: str, node: yaml.Node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _intrinsic)
# A policy's `Version: 2012-10-17` is a string to CloudFormation, not a date.
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))


def read(path: Path) -> dict:
    return yaml.load(path.read_text(), _Loader)


class Scope:
    """The values a root template's expressions may name."""

    def __init__(self, template: dict, given: dict[str, str], pseudo: dict[str, str]):
        declared = template.get("Parameters", {})
        self.parameters = {}
        for name, parameter in declared.items():
            if name not in given and "Default" not in parameter:
                raise SystemExit(f"the root template's parameter {name} has no default and no local value")
            self.parameters[name] = str(given.get(name, parameter.get("Default")))
        self.pseudo = pseudo
        self.conditions = template.get("Conditions", {})
        # Outputs of the nested stacks that exist by now, as `Name.Outputs.Key`.
        self.attributes: dict[str, str] = {}

    def evaluate(self, value):
        if isinstance(value, list):
            return [self.evaluate(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), = value.items()
            if name == "Ref":
                return self._name(argument)
            if name == "Fn::GetAtt":
                return self._name(".".join(argument))
            if name == "Fn::Sub":
                text, local = argument if isinstance(argument, list) else (argument, {})
                local = self.evaluate(local)
                return re.sub(r"\$\{([^!}]+)\}", lambda m: str(local.get(m[1]) or self._name(m[1])), text)
            if name == "Fn::Join":
                separator, items = self.evaluate(argument)
                return separator.join(items)
            if name == "Fn::If":
                condition, then, otherwise = argument
                return self.evaluate(then if self.holds(condition) else otherwise)
            if name.startswith("Fn::"):
                raise SystemExit(f"the local deployer does not evaluate {name} in the root template")
        return {key: self.evaluate(item) for key, item in value.items()}

    def holds(self, condition) -> bool:
        if isinstance(condition, str):
            return self.holds(self.conditions[condition])
        (name, argument), = condition.items()
        match name:
            case "Condition":
                return self.holds(argument)
            case "Fn::Equals":
                left, right = self.evaluate(argument)
                return str(left) == str(right)
            case "Fn::Not":
                return not self.holds(argument[0])
            case "Fn::And":
                return all(self.holds(item) for item in argument)
            case "Fn::Or":
                return any(self.holds(item) for item in argument)
        raise SystemExit(f"the local deployer does not evaluate {name} in a condition")

    def _name(self, name: str) -> str:
        for values in (self.parameters, self.pseudo, self.attributes):
            if name in values:
                return values[name]
        raise SystemExit(f"the root template names {name}, which is neither a parameter nor an output")


def names_in(value) -> set[str]:
    """The nested stacks an expression reads outputs of."""
    if isinstance(value, list):
        return set().union(*map(names_in, value)) if value else set()
    if isinstance(value, str):
        return {name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", value) if ".Outputs." in name}
    if not isinstance(value, dict):
        return set()
    own = {value["Fn::GetAtt"][0]} if "Fn::GetAtt" in value else set()
    return own.union(*map(names_in, value.values()))
