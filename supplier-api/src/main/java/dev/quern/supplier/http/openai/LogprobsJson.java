package dev.quern.supplier.http.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Log-probabilities in the three shapes in use: chat's, completions' and vLLM's of the prompt. */
final class LogprobsJson {
  private LogprobsJson() {}

  static void writeChat(JsonGenerator out, List<ScoredToken> tokens) throws IOException {
    out.writeStartObject();
    out.writeArrayFieldStart("content");
    for (ScoredToken token : tokens) {
      out.writeStartObject();
      writeCandidate(out, token.token());
      out.writeArrayFieldStart("top_logprobs");
      for (ScoredToken.Candidate candidate : token.top()) {
        out.writeStartObject();
        writeCandidate(out, candidate);
        out.writeEndObject();
      }
      out.writeEndArray();
      out.writeEndObject();
    }
    out.writeEndArray();
    out.writeEndObject();
  }

  /**
   * Completions' four parallel arrays.
   *
   * @param offset chars of the choice's text before the first of {@code tokens}
   */
  static void writeCompletion(JsonGenerator out, List<ScoredToken> tokens, int offset)
      throws IOException {
    out.writeStartObject();
    out.writeArrayFieldStart("tokens");
    for (ScoredToken token : tokens) {
      out.writeString(token.token().text());
    }
    out.writeEndArray();
    out.writeArrayFieldStart("token_logprobs");
    for (ScoredToken token : tokens) {
      if (token.scored()) {
        out.writeNumber(token.token().logprob());
      } else {
        out.writeNull();
      }
    }
    out.writeEndArray();
    writeTop(out, tokens);
    writeOffsets(out, tokens, offset);
    out.writeEndObject();
  }

  /** vLLM's {@code prompt_logprobs}: for each token an object by id, null for the first. */
  static void writePrompt(JsonGenerator out, List<ScoredToken> tokens) throws IOException {
    out.writeStartArray();
    for (ScoredToken token : tokens) {
      if (!token.scored()) {
        out.writeNull();
        continue;
      }
      out.writeStartObject();
      Map<Integer, ScoredToken.Candidate> byId = new LinkedHashMap<>();
      byId.put(token.token().id(), token.token());
      token.top().forEach(candidate -> byId.put(candidate.id(), candidate));
      for (ScoredToken.Candidate candidate : byId.values()) {
        out.writeObjectFieldStart(Integer.toString(candidate.id()));
        out.writeNumberField("logprob", candidate.logprob());
        if (candidate.rank() > 0) {
          out.writeNumberField("rank", candidate.rank());
        }
        out.writeStringField("decoded_token", candidate.text());
        out.writeEndObject();
      }
      out.writeEndObject();
    }
    out.writeEndArray();
  }

  /** How far {@code tokens} move the offset. */
  static int length(List<ScoredToken> tokens) {
    return tokens.stream().mapToInt(token -> token.token().text().length()).sum();
  }

  private static void writeTop(JsonGenerator out, List<ScoredToken> tokens) throws IOException {
    out.writeArrayFieldStart("top_logprobs");
    for (ScoredToken token : tokens) {
      if (!token.scored()) {
        out.writeNull();
        continue;
      }
      // Two tokens may be spelled alike; the likelier, which comes first, keeps the name.
      Map<String, Double> byText = new LinkedHashMap<>();
      token.top().forEach(candidate -> byText.putIfAbsent(candidate.text(), candidate.logprob()));
      byText.putIfAbsent(token.token().text(), token.token().logprob());
      out.writeStartObject();
      for (Map.Entry<String, Double> entry : byText.entrySet()) {
        out.writeNumberField(entry.getKey(), entry.getValue());
      }
      out.writeEndObject();
    }
    out.writeEndArray();
  }

  private static void writeOffsets(JsonGenerator out, List<ScoredToken> tokens, int offset)
      throws IOException {
    out.writeArrayFieldStart("text_offset");
    int at = offset;
    for (ScoredToken token : tokens) {
      out.writeNumber(at);
      at += token.token().text().length();
    }
    out.writeEndArray();
  }

  private static void writeCandidate(JsonGenerator out, ScoredToken.Candidate candidate)
      throws IOException {
    out.writeStringField("token", candidate.text());
    out.writeNumberField("logprob", candidate.logprob());
    out.writeArrayFieldStart("bytes");
    for (byte b : candidate.bytes()) {
      out.writeNumber(Byte.toUnsignedInt(b));
    }
    out.writeEndArray();
  }
}
