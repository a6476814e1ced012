package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Every field that one kind of object may have. */
public final class FieldTable {
  private final Map<String, Field> byName = new LinkedHashMap<>();

  @SafeVarargs
  FieldTable(List<Field>... groups) {
    for (List<Field> group : groups) {
      for (Field field : group) {
        if (byName.put(field.name(), field) != null) {
          throw new IllegalArgumentException("field " + field.name() + " is in the table twice");
        }
      }
    }
  }

  static FieldTable of(Field... fields) {
    return new FieldTable(List.of(fields));
  }

  Collection<Field> fields() {
    return byName.values();
  }

  /** Names of the fields that have an effect. */
  public Set<String> honoured() {
    return byName.values().stream()
        .filter(field -> field.support() == Field.Support.HONOURED)
        .map(Field::name)
        .collect(Collectors.toUnmodifiableSet());
  }

  @Nullable Field find(String name) {
    return byName.get(name);
  }

  /** A closed object schema: what is not in the table is refused. */
  ObjectNode toSchema() {
    ObjectNode schema = Json.newObject();
    schema.put("type", "object");
    ObjectNode properties = schema.putObject("properties");
    byName.forEach((name, field) -> properties.set(name, field.toSchema()));
    List<String> required =
        byName.values().stream().filter(Field::required).map(Field::name).toList();
    if (!required.isEmpty()) {
      ArrayNode names = schema.putArray("required");
      required.forEach(names::add);
    }
    schema.put("additionalProperties", false);
    return schema;
  }
}
