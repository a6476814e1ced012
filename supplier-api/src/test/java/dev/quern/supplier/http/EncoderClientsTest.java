package dev.quern.supplier.http;

import static dev.quern.supplier.http.EncoderServer.EMBED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.errors.BadRequestException;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.Embedding;
import com.openai.models.embeddings.EmbeddingCreateParams;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.store.embedding.CosineSimilarity;
import dev.quern.supplier.http.encoder.EncoderRouteSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Embeddings by the clients that people use: OpenAI's own for Java, and LangChain4j. */
@Timeout(300)
class EncoderClientsTest {
  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final String TEXT = "A quern grinds grain.";

  private static EncoderServer server;
  private static OpenAIClient openai;

  @BeforeAll
  static void start(@TempDir Path cache) {
    server = EncoderServer.start(cache, EncoderRouteSettings.defaults(), EMBED);
    openai =
        OpenAIOkHttpClient.builder()
            .baseUrl(server.url() + "/v1")
            .apiKey("any")
            .timeout(PATIENCE)
            .maxRetries(0)
            .build();
  }

  @AfterAll
  static void stop() {
    openai.close();
    server.close();
  }

  @Test
  void openaiEmbedsInBase64AndInNumbers() {
    JsonNode golden = EncoderServer.golden(EMBED);
    for (var format :
        List.of(
            EmbeddingCreateParams.EncodingFormat.BASE64,
            EmbeddingCreateParams.EncodingFormat.FLOAT)) {
      CreateEmbeddingResponse answer =
          openai
              .embeddings()
              .create(
                  EmbeddingCreateParams.builder()
                      .model(EMBED)
                      .inputOfArrayOfStrings(List.of("which stone turns?", TEXT))
                      .encodingFormat(format)
                      .build());
      assertEquals(2, answer.data().size());
      assertEquals(EMBED, answer.model());
      assertEquals(13, answer.usage().promptTokens());
      assertSame(golden.at("/outputs/0"), answer.data().get(1));
      assertSame(golden.at("/outputs/2"), answer.data().get(0));
    }
    // What the client asks for when nothing is said.
    CreateEmbeddingResponse unsaid =
        openai
            .embeddings()
            .create(EmbeddingCreateParams.builder().model(EMBED).input(TEXT).build());
    assertSame(golden.at("/outputs/0"), unsaid.data().getFirst());
    CreateEmbeddingResponse cut =
        openai
            .embeddings()
            .create(EmbeddingCreateParams.builder().model(EMBED).input(TEXT).dimensions(8).build());
    assertEquals(8, cut.data().getFirst().embedding().size());
    BadRequestException error =
        assertThrows(
            BadRequestException.class,
            () ->
                openai
                    .embeddings()
                    .create(EmbeddingCreateParams.builder().model(EMBED).input("").build()));
    assertEquals("input", error.param().orElse(""));
  }

  @Test
  void langchainEmbedsOneAndMany() {
    OpenAiEmbeddingModel model =
        OpenAiEmbeddingModel.builder()
            .baseUrl(server.url() + "/v1")
            .apiKey("any")
            .modelName(EMBED)
            .timeout(PATIENCE)
            .maxRetries(0)
            .build();
    JsonNode golden = EncoderServer.golden(EMBED);
    var one = model.embed(TEXT);
    assertEquals(golden.at("/outputs/0/0").floatValue(), one.content().vector()[0], 1e-4);
    assertEquals(7, Objects.requireNonNull(one.tokenUsage()).inputTokenCount());
    assertEquals(32, model.dimension());
    List<TextSegment> segments = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      segments.add(TextSegment.from("stone number " + i));
    }
    segments.add(TextSegment.from(TEXT));
    Response<List<dev.langchain4j.data.embedding.Embedding>> many = model.embedAll(segments);
    assertEquals(301, many.content().size());
    assertTrue(CosineSimilarity.between(one.content(), many.content().getLast()) > 1 - 1e-5);
    assertThrows(InvalidRequestException.class, () -> model.embed("word ".repeat(500)));
  }

  private static void assertSame(JsonNode expected, Embedding actual) {
    assertEquals(expected.size(), actual.embedding().size());
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i).floatValue(), actual.embedding().get(i), 1e-4);
    }
  }
}
