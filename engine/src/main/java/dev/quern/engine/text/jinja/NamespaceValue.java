package dev.quern.engine.text.jinja;

import java.util.LinkedHashMap;
import java.util.Map;

/** The one value that a template can change: {@code {% set ns.name = value %}}. */
final class NamespaceValue {
  private final Map<String, Object> attributes = new LinkedHashMap<>();

  Map<String, Object> attributes() {
    return attributes;
  }
}
