package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** {@code text_completion}, whole and in chunks. */
public final class CompletionRenderer implements AnswerRenderer {
  private static final String OBJECT = "text_completion";

  private final AnswerHead head;

  public CompletionRenderer(AnswerHead head) {
    this.head = head;
  }

  @Override
  public byte[] whole(List<ChoiceDelta> choices, Usage usage) {
    return render(choices, Optional.of(usage));
  }

  @Override
  public Optional<byte[]> opening(int index, Optional<Usage> usage) {
    return Optional.empty();
  }

  @Override
  public byte[] chunk(ChoiceDelta delta, Optional<Usage> usage) {
    return render(List.of(delta), usage);
  }

  @Override
  public byte[] usageOnly(Usage usage) {
    return render(List.of(), Optional.of(usage));
  }

  private byte[] render(List<ChoiceDelta> choices, Optional<Usage> usage) {
    return Json.write(
        out -> {
          out.writeStartObject();
          head.write(out, OBJECT);
          if (usage.isPresent()) {
            out.writeFieldName("usage");
            usage.get().write(out);
          }
          out.writeArrayFieldStart("choices");
          for (ChoiceDelta choice : choices) {
            writeChoice(out, choice);
          }
          out.writeEndArray();
          out.writeEndObject();
        });
  }

  private void writeChoice(JsonGenerator out, ChoiceDelta choice) throws IOException {
    out.writeStartObject();
    out.writeNumberField("index", choice.index());
    out.writeStringField("text", choice.text());
    if (choice.scores().isPresent()) {
      out.writeFieldName("logprobs");
      LogprobsJson.writeCompletion(out, choice.scores().get(), choice.textOffset());
    } else {
      out.writeNullField("logprobs");
    }
    if (choice.promptScores().isPresent()) {
      out.writeFieldName("prompt_logprobs");
      LogprobsJson.writePrompt(out, choice.promptScores().get());
    }
    if (choice.promptTokenIds().isPresent()) {
      TokenIdsJson.write(out, "prompt_token_ids", choice.promptTokenIds().get());
    }
    if (choice.tokenIds().isPresent()) {
      TokenIdsJson.write(out, "token_ids", choice.tokenIds().get());
    }
    if (choice.finish().isPresent()) {
      out.writeStringField("finish_reason", ChoiceDelta.name(choice.finish().get()));
    } else {
      out.writeNullField("finish_reason");
    }
    out.writeEndObject();
  }
}
