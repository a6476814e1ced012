package dev.quern.supplier.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.generate.FinishReason;
import dev.quern.supplier.http.openai.AnswerHead;
import dev.quern.supplier.http.openai.ChatRenderer;
import dev.quern.supplier.http.openai.ChoiceDelta;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StreamPiecesTest {
  @Test
  void everyPieceFitsALineAndNothingIsLost() {
    // Control characters take six bytes each, and a pair must not be torn.
    String text = "\u0001".repeat(23_999) + "\uD83D\uDE00".repeat(50_000);
    List<Integer> ids = IntStream.range(0, 40_000).boxed().toList();
    ChoiceDelta whole =
        new ChoiceDelta(
            0,
            text,
            Optional.empty(),
            0,
            Optional.of(ids),
            Optional.empty(),
            Optional.empty(),
            Optional.of(FinishReason.STOP));
    ChatRenderer renderer = new ChatRenderer(new AnswerHead("id", 1, "model", "print"));
    List<ChoiceDelta> pieces = StreamPieces.of(whole);
    for (ChoiceDelta piece : pieces) {
      assertTrue(renderer.chunk(piece, Optional.empty()).length <= StreamPieces.LONGEST_LINE);
      assertTrue(piece.text().isEmpty() || !Character.isLowSurrogate(piece.text().charAt(0)));
    }
    assertEquals(text, pieces.stream().map(ChoiceDelta::text).collect(Collectors.joining()));
    assertEquals(
        ids, pieces.stream().flatMap(piece -> piece.tokenIds().orElseThrow().stream()).toList());
    assertEquals(
        List.of(Optional.of(FinishReason.STOP)),
        pieces.stream().map(ChoiceDelta::finish).filter(Optional::isPresent).toList());
    assertTrue(pieces.getLast().finish().isPresent());
  }

  @Test
  void aSmallDeltaStaysItself() {
    ChoiceDelta small =
        new ChoiceDelta(
            0,
            "word",
            Optional.empty(),
            0,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    assertEquals(List.of(small), StreamPieces.of(small));
  }
}
