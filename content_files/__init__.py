"""Reading the content that editors keep as YAML, with errors that name the file and the line."""

from content_files.errors import ContentError, ContentProblem
from content_files.yaml_files import YamlFile, load_model, read_yaml

__all__ = ["ContentError", "ContentProblem", "YamlFile", "load_model", "read_yaml"]
