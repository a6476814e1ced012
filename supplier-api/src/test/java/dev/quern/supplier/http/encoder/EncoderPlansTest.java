package dev.quern.supplier.http.encoder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.embed.EncodingRequest;
import dev.quern.engine.runtime.LoadedModel;
import dev.quern.engine.runtime.ModelRuntime;
import dev.quern.engine.runtime.ModelSettings;
import dev.quern.supplier.ModelCatalog;
import dev.quern.supplier.http.openai.EncoderFields;
import dev.quern.supplier.http.openai.FieldReader;
import dev.quern.supplier.http.openai.FieldTable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The field tables and the plans that are made by them. */
@Timeout(120)
class EncoderPlansTest {
  private static final Path FOLDERS = Path.of("../engine/src/test/resources/encoders");

  private static ModelRuntime runtime;
  private static ServedEncoders models;

  @BeforeAll
  static void load() {
    runtime = new ModelRuntime();
    List<LoadedModel> loaded =
        List.of("bert-mean", "bert-cross", "bert-classes").stream()
            .map(name -> runtime.load(name, FOLDERS.resolve(name), ModelSettings.defaults()))
            .toList();
    models =
        new ServedEncoders(new ModelCatalog(loaded, Map.of()), EncoderRouteSettings.defaults());
  }

  @AfterAll
  static void close() {
    runtime.close();
  }

  @Test
  void everyHonouredFieldIsRead() {
    assertReadsAll(EncoderFields.EMBEDDINGS, "{\"input\":\"a\"}", OpenAiEmbeddings::plan);
    assertReadsAll(
        EncoderFields.RERANK,
        "{\"query\":\"a\",\"documents\":[\"b\"]}",
        (fields, served) -> Rerank.plan(fields, false, served));
    assertReadsAll(
        EncoderFields.RERANK,
        "{\"query\":\"a\",\"texts\":[\"b\"]}",
        (fields, served) -> Rerank.plan(fields, true, served));
    assertReadsAll(EncoderFields.SCORE, "{\"text_1\":\"a\",\"text_2\":\"b\"}", Scores::plan);
    assertReadsAll(EncoderFields.CLASSIFY, "{\"input\":\"a\"}", Classes::plan);
    assertReadsAll(EncoderFields.EMBED, "{\"inputs\":\"a\"}", TeiEmbed::plan);
    assertReadsAll(EncoderFields.PREDICT, "{\"inputs\":\"a\"}", TeiPredict::plan);
    assertReadsAll(
        EncoderFields.SIMILARITY,
        "{\"inputs\":{\"source_sentence\":\"a\",\"sentences\":[\"b\"]},\"parameters\":{}}",
        TeiSimilarity::plan);
  }

  @Test
  void relaysComeAfterTheOperatorsOwn() {
    EncoderPlan plan = OpenAiEmbeddings.plan(object("{\"input\":\"a\",\"priority\":7}"), models);
    assertEquals(7, plan.request(false, () -> false).priority());
    assertEquals(7 + EncodingRequest.RELAY_PRIORITY, plan.request(true, () -> false).priority());
  }

  @Test
  void vectorsAreCodedNormalisedAndCut() {
    float[] vector = {3, -4, 0};
    ByteBuffer bytes =
        ByteBuffer.wrap(Base64.getDecoder().decode(Vectors.base64(vector)))
            .order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(12, bytes.remaining());
    assertEquals(3, bytes.getFloat());
    assertEquals(-4, bytes.getFloat());
    assertArrayEquals(new float[] {0.6f, -0.8f, 0}, Vectors.normalised(vector), 1e-7f);
    assertArrayEquals(new float[] {3, -4}, Vectors.first(vector, 2));
    float[] zeros = new float[3];
    assertSame(zeros, Vectors.normalised(zeros));
  }

  private static void assertReadsAll(
      FieldTable table, String body, BiFunction<FieldReader, ServedEncoders, EncoderPlan> planner) {
    FieldReader fields = new FieldReader(object(body), table, "");
    EncoderPlan plan = planner.apply(fields, models);
    assertFalse(plan.texts().isEmpty());
    assertEquals(new TreeSet<>(table.honoured()), new TreeSet<>(fields.namesRead()));
  }

  private static ObjectNode object(String json) {
    try {
      return (ObjectNode) new ObjectMapper().readTree(json);
    } catch (IOException e) {
      throw new IllegalArgumentException(json, e);
    }
  }
}
