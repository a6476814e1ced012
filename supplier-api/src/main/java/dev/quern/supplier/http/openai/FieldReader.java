package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads one object by its {@link FieldTable}: unknown and unsupported fields, wrong types and
 * values out of range are refused with the field's name. JSON's null counts as absent.
 */
public final class FieldReader {
  private final ObjectNode node;
  private final FieldTable table;
  private final String path;
  private final Set<String> read = new LinkedHashSet<>();

  /**
   * A reader.
   *
   * @param path what precedes a field's name in messages, e.g. {@code messages[0].}
   */
  public FieldReader(ObjectNode node, FieldTable table, String path) {
    this.node = node;
    this.table = table;
    this.path = path;
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      checkKnown(entry.getKey(), entry.getValue());
    }
    for (Field field : table.fields()) {
      if (field.required() && value(field.name()) == null) {
        throw QuernException.badRequest(
            path + field.name(), "The field '" + path + field.name() + "' is required.");
      }
    }
  }

  public OptionalDouble number(String name) {
    JsonNode value = take(name, Field.Kind.NUMBER);
    if (value == null) {
      return OptionalDouble.empty();
    }
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw wrongType(name, "a finite number");
    }
    return OptionalDouble.of(inRange(name, value.doubleValue()));
  }

  public OptionalLong integer(String name) {
    JsonNode value = take(name, Field.Kind.INTEGER);
    if (value == null) {
      return OptionalLong.empty();
    }
    long whole = wholeNumber(value, path + name);
    inRange(name, (double) whole);
    return OptionalLong.of(whole);
  }

  /** An integer whose range in the table lies within {@code int}. */
  public OptionalInt smallInteger(String name) {
    OptionalLong value = integer(name);
    return value.isPresent()
        ? OptionalInt.of(Math.toIntExact(value.getAsLong()))
        : OptionalInt.empty();
  }

  public boolean flag(String name, boolean absent) {
    JsonNode value = take(name, Field.Kind.BOOLEAN);
    if (value == null) {
      return absent;
    }
    if (!value.isBoolean()) {
      throw wrongType(name, "true or false");
    }
    return value.booleanValue();
  }

  public @Nullable String text(String name) {
    JsonNode value = take(name, Field.Kind.STRING);
    if (value == null) {
      return null;
    }
    if (!value.isTextual()) {
      throw wrongType(name, "a string");
    }
    double longest = field(name, Field.Kind.STRING).maximum();
    if (!Double.isNaN(longest) && value.textValue().length() > longest) {
      throw QuernException.badRequest(
          path + name,
          "The field '" + path + name + "' may hold at most " + (long) longest + " characters.");
    }
    return value.textValue();
  }

  public String requiredText(String name) {
    String value = text(name);
    if (value == null) {
      throw QuernException.badRequest(path + name, "The field '" + path + name + "' is required.");
    }
    return value;
  }

  public @Nullable JsonNode any(String name) {
    return take(name, Field.Kind.ANY);
  }

  public @Nullable FieldReader object(String name) {
    JsonNode value = take(name, Field.Kind.OBJECT);
    if (value == null) {
      return null;
    }
    if (!(value instanceof ObjectNode object)) {
      throw wrongType(name, "an object");
    }
    return new FieldReader(object, nested(name, Field.Kind.OBJECT), path + name + ".");
  }

  /** A reader for each object of an array; empty when the field is absent. */
  List<FieldReader> objects(String name) {
    JsonNode value = take(name, Field.Kind.ARRAY);
    List<FieldReader> readers = new ArrayList<>();
    if (value == null) {
      return readers;
    }
    double most = field(name, Field.Kind.ARRAY).maximum();
    if (!value.isArray() || value.size() > most) {
      throw wrongType(name, "an array of at most " + (long) most + " objects");
    }
    for (JsonNode item : value) {
      String itemName = name + "[" + readers.size() + "]";
      if (!(item instanceof ObjectNode object)) {
        throw wrongType(itemName, "an object");
      }
      readers.add(new FieldReader(object, nested(name, Field.Kind.ARRAY), path + itemName + "."));
    }
    return readers;
  }

  /** An error that says what a field must be. */
  public QuernException wrongType(String name, String expected) {
    return QuernException.badRequest(
        path + name, "The field '" + path + name + "' must be " + expected + ".");
  }

  /** The field as messages name it. */
  public String pathOf(String name) {
    return path + name;
  }

  /** Names asked for so far, for the test that no documented field is overlooked. */
  public Set<String> namesRead() {
    return Set.copyOf(read);
  }

  static long wholeNumber(JsonNode value, String name) {
    if (!value.isNumber() || !value.canConvertToExactIntegral() || !value.canConvertToLong()) {
      throw QuernException.badRequest(name, "The field '" + name + "' must be an integer.");
    }
    return value.longValue();
  }

  private void checkKnown(String name, JsonNode value) {
    Field field = table.find(name);
    String shown = path + (name.length() > 80 ? name.substring(0, 80) + "..." : name);
    if (field == null) {
      throw QuernException.badRequest(
          shown, "Unrecognised field '" + shown + "'; /openapi.json lists what is accepted.");
    }
    if (field.support() == Field.Support.REFUSED && !isNothing(value)) {
      throw new ApiException(
          400,
          "unsupported_field",
          dev.quern.store.ErrorCategory.BAD_REQUEST,
          shown,
          "The field '" + shown + "' is not supported. " + field.description() + ".",
          null);
    }
  }

  private static boolean isNothing(JsonNode value) {
    return value.isNull()
        || (value.isBoolean() && !value.booleanValue())
        || (value.isTextual() && value.textValue().isEmpty())
        || (value.isContainerNode() && value.isEmpty());
  }

  private @Nullable JsonNode take(String name, Field.Kind kind) {
    field(name, kind);
    read.add(name);
    return value(name);
  }

  private @Nullable JsonNode value(String name) {
    JsonNode value = node.get(name);
    return value == null || value.isNull() ? null : value;
  }

  private Field field(String name, Field.Kind kind) {
    Field field = table.find(name);
    if (field == null || field.kind() != kind || field.support() != Field.Support.HONOURED) {
      throw new IllegalStateException("the table has no " + kind + " field " + name);
    }
    return field;
  }

  private FieldTable nested(String name, Field.Kind kind) {
    FieldTable nested = field(name, kind).nested();
    if (nested == null) {
      throw new IllegalStateException("the table has no fields for " + name);
    }
    return nested;
  }

  private double inRange(String name, double value) {
    Field field = java.util.Objects.requireNonNull(table.find(name));
    boolean low = field.minimumExcluded() ? value <= field.minimum() : value < field.minimum();
    if (low || value > field.maximum()) {
      throw QuernException.badRequest(
          path + name, "The field '" + path + name + "' must be " + range(field) + ".");
    }
    return value;
  }

  private static String range(Field field) {
    String least =
        Double.isNaN(field.minimum())
            ? ""
            : (field.minimumExcluded() ? "greater than " : "at least ") + plain(field.minimum());
    String most = Double.isNaN(field.maximum()) ? "" : "at most " + plain(field.maximum());
    return least.isEmpty() || most.isEmpty() ? least + most : least + " and " + most;
  }

  private static String plain(double bound) {
    return bound == Math.rint(bound) ? Long.toString((long) bound) : Double.toString(bound);
  }
}
