package dev.quern.supplier.http.openai;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The field tables, the parsers that read by them and the document made from them. */
class RequestFieldsTest {
  private static final String CHAT =
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
  private static final String COMPLETION = "{\"model\":\"m\",\"prompt\":\"hi\"}";

  @Test
  void everyHonouredFieldIsRead() {
    assertReadsAll(
        RequestFields.CHAT, CHAT, fields -> ChatRequest.read(fields, RequestFieldsTest::model));
    assertReadsAll(
        RequestFields.COMPLETION,
        COMPLETION,
        fields -> CompletionRequest.read(fields, RequestFieldsTest::model));
    assertReadsAll(RequestFields.TOKENIZE, "{\"prompt\":\"hi\"}", TokenizeRequest::read);
    assertReadsAll(RequestFields.DETOKENIZE, "{\"tokens\":[1]}", TokenizeRequest.Reverse::read);
    assertReadsAll(
        RequestFields.MESSAGE, "{\"role\":\"user\",\"content\":\"hi\"}", ChatMessage::read);
  }

  private static void assertReadsAll(FieldTable table, String body, Consumer<FieldReader> parser) {
    FieldReader fields = new FieldReader(object(body), table, "");
    parser.accept(fields);
    Set<String> honoured =
        table.fields().stream()
            .filter(field -> field.support() == Field.Support.HONOURED)
            .map(Field::name)
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(honoured, new TreeSet<>(fields.namesRead()));
  }

  @Test
  void refusedFieldsAreRefusedByNameAndOnlyWhenTheySaySomething() {
    for (Field field : RequestFields.CHAT.fields()) {
      if (field.support() == Field.Support.REFUSED) {
        ObjectNode body = object(CHAT);
        body.putNull(field.name());
        ChatRequest.read(body, RequestFieldsTest::model);
        body.put(field.name(), false);
        ChatRequest.read(body, RequestFieldsTest::model);
        body.putObject(field.name()).put("a", 1);
        assertRefused(field.name(), () -> ChatRequest.read(body, RequestFieldsTest::model));
      } else if (field.support() == Field.Support.ACCEPTED_WITHOUT_EFFECT) {
        ObjectNode body = object(CHAT);
        body.put(field.name(), "anything");
        ChatRequest.read(body, RequestFieldsTest::model);
      }
    }
  }

  @Test
  void unknownFieldsAreRefusedByName() {
    ObjectNode body = object(CHAT);
    body.put("temprature", 1);
    assertRefused("temprature", () -> ChatRequest.read(body, RequestFieldsTest::model));
    ObjectNode nested = object(CHAT);
    ((ObjectNode) nested.path("messages").get(0)).put("contnet", 1);
    assertRefused("messages[0].contnet", () -> ChatRequest.read(nested, RequestFieldsTest::model));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "temperature|-0.1",
        "temperature|2.1",
        "temperature|\"NaN\"",
        "temperature|1e999",
        "top_p|0",
        "top_p|1.01",
        "top_k|-2",
        "top_k|1.5",
        "min_p|-1",
        "presence_penalty|3",
        "frequency_penalty|-3",
        "repetition_penalty|0",
        "n|0",
        "n|129",
        "max_tokens|-1",
        "max_completion_tokens|0",
        "seed|1.5",
        "seed|1e30",
        "stop|[\"\"]",
        "stop|[1]",
        "stop|7",
        "logit_bias|{\"x\":1}",
        "logit_bias|{\"1\":101}",
        "logit_bias|[1]",
        "logprobs|1",
        "top_logprobs|3",
        "stream|\"yes\"",
        "stream_options|{\"include_usage\":true}",
        "stop_token_ids|[-1]",
        "allowed_token_ids|[]",
        "bad_words|[\" \"]",
        "messages|[]",
        "messages|{}",
        "tools|{}",
        "tool_choice|\"required\"",
        "modalities|[\"audio\"]",
        "response_format|{\"type\":\"json_object\"}",
        "priority|\"high\"",
        "model|7",
        "chat_template_kwargs|[]",
        "min_tokens|-1",
        "reasoning_effort|3"
      })
  void badValuesNameTheirField(String name, String value) {
    ObjectNode body = object(CHAT);
    body.set(name, object("{\"v\":" + value + "}").get("v"));
    assertRefused(name, () -> ChatRequest.read(body, RequestFieldsTest::model));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"content\":\"hi\"}|messages[0].role",
        "{\"role\":\"robot\",\"content\":\"hi\"}|messages[0].role",
        "{\"role\":\"user\"}|messages[0].content",
        "{\"role\":\"user\",\"content\":3}|messages[0].content",
        "{\"role\":\"user\",\"content\":[]}|messages[0].content",
        "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}|messages[0].content[0]",
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}|messages[0].content[0].text",
        "{\"role\":\"user\",\"content\":\"x\",\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]}|messages[0].tool_calls",
        "{\"role\":\"assistant\",\"tool_calls\":[{}]}|messages[0].tool_calls[0].function",
        "7|messages[0]"
      })
  void badMessagesNameTheirPart(String message, String field) {
    ObjectNode body = object("{\"model\":\"m\",\"messages\":[" + message + "]}");
    assertRefused(field, () -> ChatRequest.read(body, RequestFieldsTest::model));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "prompt|[]", "prompt|7", "prompt|[[1.5]]", "prompt|[1,\"a\"]", "prompt|[-1]",
        "prompt|[{}]", "best_of|2", "suffix|\"x\"", "logprobs|21", "messages|[]"
      })
  void badCompletionsNameTheirField(String name, String value) {
    ObjectNode body = object(COMPLETION);
    body.set(name, object("{\"v\":" + value + "}").get("v"));
    QuernException error =
        assertThrows(
            QuernException.class, () -> CompletionRequest.read(body, RequestFieldsTest::model));
    assertTrue(String.valueOf(error.field()).startsWith(name), error.field());
  }

  @Test
  void aThousandStopStringsAreTooMany() {
    ObjectNode body = object(CHAT);
    var stops = body.putArray("stop");
    for (int i = 0; i < 1000; i++) {
      stops.add("s" + i);
    }
    assertRefused("stop", () -> ChatRequest.read(body, RequestFieldsTest::model));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "{\"a\":NaN}",
        "{} {}",
        "{\"a\":1,\"a\":2}",
        "nonsense",
        "\"text\""
      })
  void whatIsNoJsonObjectIsRefused(String body) {
    QuernException error =
        assertThrows(
            QuernException.class, () -> Json.readObject(body.getBytes(StandardCharsets.UTF_8)));
    assertEquals(ErrorCategory.BAD_REQUEST, error.category());
  }

  @Test
  void deepNestingAndLongNumbersAreRefused() {
    for (String bomb :
        new String[] {"{\"a\":" + "[".repeat(100_000), "{\"a\":" + "9".repeat(100_000) + "}"}) {
      assertThrows(
          QuernException.class, () -> Json.readObject(bomb.getBytes(StandardCharsets.UTF_8)));
    }
  }

  @Test
  void theDocumentListsEveryRouteAndField() {
    JsonNode document = object(new String(OpenApiDocument.render("1"), StandardCharsets.UTF_8));
    for (Endpoint endpoint : Endpoint.values()) {
      for (String path : new String[] {endpoint.path(), endpoint.versionedPath()}) {
        JsonNode operation =
            document
                .path("paths")
                .path(path)
                .path(endpoint.method().toLowerCase(java.util.Locale.ROOT));
        assertTrue(operation.isObject(), endpoint + " " + path);
        FieldTable body = endpoint.body();
        if (body != null) {
          String reference =
              operation.at("/requestBody/content/application~1json/schema/$ref").asText();
          JsonNode schema = document.at(reference.substring(1));
          assertEquals(
              body.fields().stream().map(Field::name).toList(),
              schema.path("properties").properties().stream().map(e -> e.getKey()).toList());
          assertTrue(schema.path("additionalProperties").isBoolean());
        }
      }
    }
  }

  @Test
  void generationConfigGivesTheDefaults() {
    ObjectNode body = object(CHAT);
    SamplingDefaults defaults =
        SamplingDefaults.of(object("{\"temperature\":0.6,\"top_k\":20,\"top_p\":0.95}"));
    SamplingOptions sampling = ChatRequest.read(body, name -> defaults).sampling();
    assertEquals(0.6, sampling.temperature());
    assertEquals(20, sampling.topK());
    assertEquals(0.95, sampling.topP());
    body.put("temperature", 0);
    assertEquals(0, ChatRequest.read(body, name -> defaults).sampling().temperature());
  }

  private static SamplingDefaults model(String name) {
    return SamplingDefaults.OPENAI;
  }

  private static void assertRefused(String field, org.junit.jupiter.api.function.Executable parse) {
    QuernException error = assertThrows(QuernException.class, parse);
    assertEquals(ErrorCategory.BAD_REQUEST, error.category());
    assertEquals(field, error.field());
    assertTrue(error.message().contains(field.substring(field.lastIndexOf('.') + 1)));
  }

  private static ObjectNode object(String json) {
    return Json.readObject(json.getBytes(StandardCharsets.UTF_8));
  }
}
