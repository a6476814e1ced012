package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;

/** The OpenAPI 3.0 document, made from the routes and field tables that the server itself uses. */
public final class OpenApiDocument {
  private static final String CANNOT_WORK = "The request cannot work; the error names the field.";

  private OpenApiDocument() {}

  /** The document as JSON. */
  public static byte[] render(String version) {
    ObjectNode document = Json.newObject();
    document.put("openapi", "3.0.3");
    ObjectNode info = document.putObject("info");
    info.put("title", "Quern");
    info.put("version", version);
    info.put(
        "description",
        "OpenAI-compatible inference. Unknown fields are refused by name; x-quern-support tells of"
            + " each known one whether it is honoured, accepted without effect, or refused.");
    ObjectNode paths = document.putObject("paths");
    for (Endpoint endpoint : Endpoint.values()) {
      addOperation(paths, endpoint, endpoint.path(), "");
      addOperation(paths, endpoint, endpoint.versionedPath(), "_v1");
    }
    ObjectNode components = document.putObject("components");
    components.set("schemas", schemas());
    ObjectNode bearer = components.putObject("securitySchemes").putObject("key");
    bearer.put("type", "http");
    bearer.put("scheme", "bearer");
    return Json.write(document);
  }

  private static void addOperation(
      ObjectNode paths, Endpoint endpoint, String path, String idSuffix) {
    ObjectNode operation =
        paths.withObjectProperty(path).putObject(endpoint.method().toLowerCase(Locale.ROOT));
    operation.put("operationId", endpoint.name().toLowerCase(Locale.ROOT) + idSuffix);
    operation.put("summary", endpoint.summary());
    if (endpoint != Endpoint.HEALTH) {
      // Only asked for when the server was started with keys.
      ArrayNode security = operation.putArray("security");
      security.addObject();
      security.addObject().putArray("key");
    }
    boolean named = endpoint.path().contains("{model}");
    if (named || endpoint == Endpoint.INFO) {
      ObjectNode parameter = operation.putArray("parameters").addObject();
      parameter.put("name", "model");
      parameter.put("in", named ? "path" : "query");
      parameter.put("required", named);
      parameter.putObject("schema").put("type", "string");
    }
    if (endpoint.body() != null) {
      ObjectNode body = operation.putObject("requestBody");
      body.put("required", true);
      putReference(body.putObject("content").putObject("application/json"), schemaName(endpoint));
    }
    addResponses(operation.putObject("responses"), endpoint);
  }

  private static void addResponses(ObjectNode responses, Endpoint endpoint) {
    ObjectNode success = responses.putObject("200");
    success.put("description", "Success.");
    if (endpoint != Endpoint.ROOT_HEAD) {
      ObjectNode content = success.putObject("content");
      content.putObject(endpoint == Endpoint.METRICS ? "text/plain" : "application/json");
      if (endpoint.streams()) {
        content.putObject("text/event-stream");
      }
    }
    ErrorShape shape = endpoint.errorShape();
    addError(responses, shape, "401", "A key is needed and was not given.");
    if (endpoint.path().contains("{model}")
        || endpoint == Endpoint.INFO
        || endpoint.body() != null) {
      addError(responses, shape, "404", "There is no such model.");
    }
    if (endpoint.body() != null) {
      boolean openAi = shape == ErrorShape.OPENAI;
      addError(responses, shape, "400", openAi ? CANNOT_WORK : "There is no input.");
      addError(responses, shape, "408", "The body did not come in time.");
      addError(responses, shape, "413", "The body is too long, or has too many inputs.");
      if (!openAi) {
        addError(responses, shape, "422", CANNOT_WORK);
        addError(responses, shape, "424", "The model is of another kind.");
      }
      addError(responses, shape, "429", "The server is busy; Retry-After says when to come again.");
    }
    addError(responses, shape, "503", "No model is ready, or the server is stopping.");
  }

  private static void addError(
      ObjectNode responses, ErrorShape shape, String status, String description) {
    ObjectNode response = responses.putObject(status);
    response.put("description", description);
    putReference(
        response.putObject("content").putObject("application/json"),
        shape == ErrorShape.OPENAI ? "Error" : "TeiError");
  }

  private static void putReference(ObjectNode mediaType, String schema) {
    mediaType.putObject("schema").put("$ref", "#/components/schemas/" + schema);
  }

  private static ObjectNode schemas() {
    ObjectNode schemas = Json.newObject();
    for (Endpoint endpoint : Endpoint.values()) {
      FieldTable body = endpoint.body();
      if (body != null) {
        schemas.set(schemaName(endpoint), body.toSchema());
      }
    }
    schemas.set(
        "Error",
        Json.ownDocument(
            "{\"type\":\"object\",\"required\":[\"error\"],\"properties\":{\"error\":"
                + "{\"type\":\"object\",\"required\":[\"message\",\"type\",\"param\",\"code\"],"
                + "\"properties\":{\"message\":{\"type\":\"string\"},\"type\":{\"type\":\"string\"},"
                + "\"param\":{\"type\":\"string\",\"nullable\":true},"
                + "\"code\":{\"type\":\"string\",\"nullable\":true}}}}}"));
    schemas.set(
        "TeiError",
        Json.ownDocument(
            "{\"type\":\"object\",\"required\":[\"error\",\"error_type\"],\"properties\":"
                + "{\"error\":{\"type\":\"string\"},\"error_type\":{\"enum\":[\"Unhealthy\","
                + "\"Backend\",\"Overloaded\",\"Validation\",\"Tokenizer\",\"Empty\"]}}}"));
    return schemas;
  }

  /** The name of a body's schema, such as {@code ChatCompletionsRequest}. */
  private static String schemaName(Endpoint endpoint) {
    StringBuilder name = new StringBuilder();
    for (String word : endpoint.name().split("_", -1)) {
      name.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
    }
    return name.append("Request").toString();
  }
}
