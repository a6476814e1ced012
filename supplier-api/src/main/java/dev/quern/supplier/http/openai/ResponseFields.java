package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.databind.JsonNode;

/** The shape asked of the output. */
final class ResponseFields {
  private ResponseFields() {}

  static void refuseOtherThanText(FieldReader fields) {
    JsonNode format = fields.any("response_format");
    if (format == null) {
      return;
    }
    JsonNode type = format.get("type");
    if (type == null || !type.isTextual() || !type.textValue().equals("text")) {
      throw fields.wrongType(
          "response_format", "{\"type\": \"text\"}: output cannot be constrained to JSON yet");
    }
  }
}
