package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/**
 * One field of a request: its type and range, once, for the parser and for the OpenAPI document.
 *
 * @param minimum least number, or NaN for no bound
 * @param maximum greatest number, string length or item count, or NaN
 * @param nested the fields of an object, or of each object in an array
 * @param schema a JSON schema for what {@link Kind#ANY} takes
 */
record Field(
    String name,
    Kind kind,
    Support support,
    double minimum,
    double maximum,
    boolean minimumExcluded,
    boolean required,
    @Nullable FieldTable nested,
    @Nullable JsonNode schema,
    String description) {

  /** What a field holds. */
  enum Kind {
    NUMBER("number"),
    INTEGER("integer"),
    BOOLEAN("boolean"),
    STRING("string"),
    OBJECT("object"),
    ARRAY("array"),
    ANY("");

    private final String schemaType;

    Kind(String schemaType) {
      this.schemaType = schemaType;
    }
  }

  /** What becomes of a field. */
  enum Support {
    /** It has its effect. */
    HONOURED,
    /** It is a hint that changes no answer here: accepted, whatever it holds. */
    ACCEPTED_WITHOUT_EFFECT,
    /** Quern cannot do it: refused by name, unless it is null, false or empty. */
    REFUSED
  }

  static Field number(String name, double minimum, double maximum, String description) {
    return honoured(name, Kind.NUMBER, minimum, maximum, description);
  }

  static Field integer(String name, double minimum, double maximum, String description) {
    return honoured(name, Kind.INTEGER, minimum, maximum, description);
  }

  static Field flag(String name, String description) {
    return honoured(name, Kind.BOOLEAN, Double.NaN, Double.NaN, description);
  }

  static Field text(String name, int maximumLength, String description) {
    return honoured(name, Kind.STRING, Double.NaN, maximumLength, description);
  }

  static Field object(String name, FieldTable nested, String description) {
    return honoured(name, Kind.OBJECT, Double.NaN, Double.NaN, description).with(nested);
  }

  static Field array(String name, FieldTable nested, int maximumItems, String description) {
    return honoured(name, Kind.ARRAY, Double.NaN, maximumItems, description).with(nested);
  }

  static Field any(String name, String schema, String description) {
    return new Field(
        name,
        Kind.ANY,
        Support.HONOURED,
        Double.NaN,
        Double.NaN,
        false,
        false,
        null,
        Json.ownDocument(schema),
        description);
  }

  static Field withoutEffect(String name, String description) {
    return new Field(
        name,
        Kind.ANY,
        Support.ACCEPTED_WITHOUT_EFFECT,
        Double.NaN,
        Double.NaN,
        false,
        false,
        null,
        Json.newObject(),
        "Accepted without effect: " + description);
  }

  static Field refused(String name, String reason) {
    return new Field(
        name,
        Kind.ANY,
        Support.REFUSED,
        Double.NaN,
        Double.NaN,
        false,
        false,
        null,
        Json.newObject(),
        "Refused unless null, false or empty: " + reason);
  }

  Field mandatory() {
    return new Field(
        name, kind, support, minimum, maximum, minimumExcluded, true, nested, schema, description);
  }

  Field aboveMinimum() {
    return new Field(
        name, kind, support, minimum, maximum, true, required, nested, schema, description);
  }

  /** The JSON schema of this field. */
  ObjectNode toSchema() {
    ObjectNode node = Json.newObject();
    if (schema instanceof ObjectNode own) {
      node.setAll(own);
    } else {
      node.put("type", kind.schemaType);
    }
    if (kind == Kind.NUMBER || kind == Kind.INTEGER) {
      putBound(node, minimumExcluded ? "exclusiveMinimum" : "minimum", minimum);
      putBound(node, "maximum", maximum);
    } else if (kind == Kind.STRING) {
      putBound(node, "maxLength", maximum);
    } else if (kind == Kind.ARRAY) {
      putBound(node, "maxItems", maximum);
    }
    if (nested != null && kind == Kind.OBJECT) {
      node.setAll(nested.toSchema());
    } else if (nested != null) {
      node.set("items", nested.toSchema());
    }
    if (support != Support.REFUSED) {
      node.put("nullable", true);
    }
    node.put("description", description);
    node.put("x-quern-support", support.name().toLowerCase(java.util.Locale.ROOT));
    return node;
  }

  private static void putBound(ObjectNode node, String name, double bound) {
    if (Double.isNaN(bound)) {
      return;
    }
    if (bound == Math.rint(bound)) {
      node.put(name, (long) bound);
    } else {
      node.put(name, bound);
    }
  }

  private Field with(FieldTable fields) {
    return new Field(
        name,
        kind,
        support,
        minimum,
        maximum,
        minimumExcluded,
        required,
        fields,
        schema,
        description);
  }

  private static Field honoured(
      String name, Kind kind, double minimum, double maximum, String description) {
    return new Field(
        name, kind, Support.HONOURED, minimum, maximum, false, false, null, null, description);
  }
}
