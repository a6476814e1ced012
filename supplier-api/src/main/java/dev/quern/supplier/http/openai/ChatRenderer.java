package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** {@code chat.completion} and {@code chat.completion.chunk}. */
public final class ChatRenderer implements AnswerRenderer {
  private static final String WHOLE = "chat.completion";
  private static final String CHUNK = "chat.completion.chunk";

  private final AnswerHead head;

  public ChatRenderer(AnswerHead head) {
    this.head = head;
  }

  @Override
  public byte[] whole(List<ChoiceDelta> choices, Usage usage) {
    return Json.write(
        out -> {
          out.writeStartObject();
          head.write(out, WHOLE);
          out.writeFieldName("usage");
          usage.write(out);
          writePromptParts(out, choices.getFirst());
          out.writeArrayFieldStart("choices");
          for (ChoiceDelta choice : choices) {
            out.writeStartObject();
            out.writeNumberField("index", choice.index());
            out.writeObjectFieldStart("message");
            out.writeStringField("role", "assistant");
            out.writeStringField("content", choice.text());
            out.writeEndObject();
            writeExtras(out, choice);
            out.writeEndObject();
          }
          out.writeEndArray();
          out.writeEndObject();
        });
  }

  @Override
  public Optional<byte[]> opening(int index, Optional<Usage> usage) {
    return Optional.of(
        Json.write(
            out -> {
              openChunk(out, usage);
              out.writeArrayFieldStart("choices");
              out.writeStartObject();
              out.writeNumberField("index", index);
              out.writeObjectFieldStart("delta");
              out.writeStringField("role", "assistant");
              out.writeStringField("content", "");
              out.writeEndObject();
              out.writeNullField("finish_reason");
              out.writeEndObject();
              out.writeEndArray();
              out.writeEndObject();
            }));
  }

  @Override
  public byte[] chunk(ChoiceDelta delta, Optional<Usage> usage) {
    return Json.write(
        out -> {
          openChunk(out, usage);
          writePromptParts(out, delta);
          out.writeArrayFieldStart("choices");
          out.writeStartObject();
          out.writeNumberField("index", delta.index());
          out.writeObjectFieldStart("delta");
          if (!delta.text().isEmpty()) {
            out.writeStringField("content", delta.text());
          }
          out.writeEndObject();
          writeExtras(out, delta);
          out.writeEndObject();
          out.writeEndArray();
          out.writeEndObject();
        });
  }

  @Override
  public byte[] usageOnly(Usage usage) {
    return Json.write(
        out -> {
          openChunk(out, Optional.of(usage));
          out.writeArrayFieldStart("choices");
          out.writeEndArray();
          out.writeEndObject();
        });
  }

  private void openChunk(JsonGenerator out, Optional<Usage> usage) throws IOException {
    out.writeStartObject();
    head.write(out, CHUNK);
    if (usage.isPresent()) {
      out.writeFieldName("usage");
      usage.get().write(out);
    }
  }

  /** A chat has one prompt, so vLLM puts what belongs to it beside the choices. */
  private static void writePromptParts(JsonGenerator out, ChoiceDelta delta) throws IOException {
    if (delta.promptTokenIds().isPresent()) {
      TokenIdsJson.write(out, "prompt_token_ids", delta.promptTokenIds().get());
    }
    if (delta.promptScores().isPresent()) {
      out.writeFieldName("prompt_logprobs");
      LogprobsJson.writePrompt(out, delta.promptScores().get());
    }
  }

  private static void writeExtras(JsonGenerator out, ChoiceDelta delta) throws IOException {
    if (delta.scores().isPresent()) {
      out.writeFieldName("logprobs");
      LogprobsJson.writeChat(out, delta.scores().get());
    }
    if (delta.tokenIds().isPresent()) {
      TokenIdsJson.write(out, "token_ids", delta.tokenIds().get());
    }
    if (delta.finish().isPresent()) {
      out.writeStringField("finish_reason", ChoiceDelta.name(delta.finish().get()));
    } else {
      out.writeNullField("finish_reason");
    }
  }
}
