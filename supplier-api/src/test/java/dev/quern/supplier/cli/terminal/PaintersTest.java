package dev.quern.supplier.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What each painter makes of the same transfer, with a clock of the test's own. */
final class PaintersTest {
  private static final long SECOND = 1_000_000_000L;
  private static final String SHARD = "model-00001-of-00002.safetensors";

  private final Transfer transfer = new Transfer(3, 4_000);
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
  private final AtomicReference<Terminal.Size> size =
      new AtomicReference<>(new Terminal.Size(100, 24));

  /** One of three files is done, and nobody has looked since. */
  @BeforeEach
  void finishOneFile() {
    transfer.isHere("README.md", 500);
    transfer.finished("README.md", 500, "verified");
    assertEquals(1, transfer.look().events().size());
  }

  private String text() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private TerminalPainter painter(Screen screen) {
    return new TerminalPainter(screen.stream(), size::get);
  }

  @Test
  void aTerminalShowsEachFileAndAllInPlace() {
    Screen screen = new Screen(94);
    size.set(new Terminal.Size(94, 24));
    TerminalPainter painter = painter(screen);
    transfer.started(SHARD, 2_000, 500);
    transfer.started("config.json", 1_000, 0);
    painter.paint(transfer.look(), 0);
    transfer.advanced(SHARD, 500);
    painter.paint(transfer.look(), SECOND);
    assertEquals(
        """
          model-00001-of-00002.safetensors  [===============>              ]   50 %  1.0 kB of 2.0 kB
          config.json                       [>                             ]    0 %     0 B of 1.0 kB
        Total   37 %  1.5 kB of 4.0 kB  500 B/s  5 s left  1 of 3 files
        """,
        String.join("\n", screen.lines()) + "\n");
    transfer.advanced("config.json", 1_000);
    transfer.finished("config.json", 1_000, "verified");
    painter.paint(transfer.look(), 2 * SECOND);
    List<String> lines = screen.lines();
    assertEquals("  config.json  1.0 kB  verified", lines.getFirst());
    assertEquals(3, lines.size(), lines.toString());
    assertTrue(lines.get(1).contains("50 %"), lines.toString());
    assertTrue(lines.get(2).contains("62 %"), lines.toString());
    transfer.noted(SHARD, "tried again");
    painter.end(transfer.look(), 3 * SECOND);
    assertEquals(
        List.of("  config.json  1.0 kB  verified", "  " + SHARD + ": tried again"), screen.lines());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 12, 20, 33, 40, 56, 72, 80, 100, 133, 300})
  void noLineIsWiderThanTheTerminal(int columns) {
    size.set(new Terminal.Size(columns, 24));
    Screen screen = new Screen(columns);
    TerminalPainter painter = painter(screen);
    transfer.started("text_encoder/" + SHARD, 2_000, 0);
    transfer.started("文字/重み.safetensors", 2_000, 0);
    painter.paint(transfer.look(), 0);
    transfer.advanced("text_encoder/" + SHARD, 700);
    painter.paint(transfer.look(), SECOND);
    assertEquals(3, screen.lines().size(), screen.lines().toString());
    screen.lines().forEach(line -> assertTrue(Columns.width(line) <= columns, line));
  }

  @Test
  void aTerminalThatBecomesNarrowerKeepsWhatStoodAbove() {
    Screen screen = new Screen(100);
    screen.stream().println("before");
    TerminalPainter painter = painter(screen);
    transfer.started(SHARD, 2_000, 0);
    painter.paint(transfer.look(), 0);
    assertEquals(3, screen.lines().size());
    screen.resize(60);
    size.set(new Terminal.Size(60, 24));
    painter.paint(transfer.look(), SECOND);
    List<String> narrow = screen.lines();
    assertEquals("before", narrow.getFirst());
    assertEquals(3, narrow.size(), narrow.toString());
    screen.resize(90);
    size.set(new Terminal.Size(90, 24));
    painter.paint(transfer.look(), 2 * SECOND);
    assertEquals("before", screen.lines().getFirst());
    assertEquals(3, screen.lines().size(), screen.lines().toString());
  }

  @Test
  void aLowTerminalShowsFewerFiles() {
    size.set(new Terminal.Size(80, 6));
    Screen screen = new Screen(80);
    for (int i = 0; i < 9; i++) {
      transfer.started("file-" + i, 10, 0);
    }
    painter(screen).paint(transfer.look(), 0);
    assertEquals(4, screen.lines().size(), screen.lines().toString());
  }

  @Test
  void namesFromADownloadCannotDriveTheTerminal() {
    Screen screen = new Screen(100);
    TerminalPainter painter = painter(screen);
    transfer.started("a\u001b[2Jb\u202ec", 10, 0);
    painter.paint(transfer.look(), 0);
    assertTrue(screen.lines().getFirst().startsWith("  a?[2Jb?c "), screen.lines().toString());
    transfer.finished("a\u001b[2Jb\nc", 10, "verified");
    painter.end(transfer.look(), SECOND);
    assertEquals(List.of("  a?[2Jb?c  10 B  verified"), screen.lines());
  }

  @Test
  void linesHaveNoControlCharactersAndComeNowAndThen() {
    LinePainter painter = new LinePainter(out);
    transfer.isHere("config.json", 500);
    transfer.started(SHARD, 2_000, 0);
    for (int second = 0; second <= 20; second++) {
      painter.paint(transfer.look(), second * SECOND);
      transfer.advanced(SHARD, 100);
    }
    transfer.finished(SHARD, 2_000, "verified");
    painter.end(transfer.look(), 21 * SECOND);
    assertEquals(
        """
           50 %  2.0 kB of 4.0 kB  100 B/s  20 s left  1 of 3 files
           75 %  3.0 kB of 4.0 kB  100 B/s  10 s left  1 of 3 files
          model-00001-of-00002.safetensors  2.0 kB  verified
        """,
        text());
    assertFalse(text().replace("\n", "").chars().anyMatch(Character::isISOControl));
  }

  @Test
  void jsonSaysEverythingOneObjectALine() throws IOException {
    JsonPainter painter = new JsonPainter(out);
    transfer.started(SHARD, 2_000, 500);
    painter.paint(transfer.look(), 0);
    painter.paint(transfer.look(), SECOND / 2);
    transfer.advanced(SHARD, 500);
    transfer.noted(SHARD, "tried again");
    painter.paint(transfer.look(), SECOND);
    transfer.finished(SHARD, 2_000, "verified");
    painter.end(transfer.look(), 2 * SECOND);
    List<JsonNode> lines = new ArrayList<>();
    for (String line : text().lines().toList()) {
      lines.add(new JsonMapper().readTree(line));
    }
    assertEquals(
        List.of("file_started", "progress", "note", "progress", "file_finished", "progress"),
        lines.stream().map(line -> line.path("event").asText()).toList());
    JsonNode progress = lines.get(3);
    assertEquals(1_500, progress.path("done_bytes").asLong());
    assertEquals(4_000, progress.path("total_bytes").asLong());
    assertEquals(500, progress.path("bytes_per_second").asLong());
    assertEquals(5, progress.path("seconds_left").asLong());
    assertEquals(500, lines.getFirst().path("done_bytes").asLong());
  }

  @Test
  void theRateIsThatOfTheLastSeconds() {
    Speed speed = new Speed();
    speed.sample(0, 0);
    assertTrue(speed.bytesPerSecond().isEmpty());
    speed.sample(SECOND, 1_000);
    assertEquals(1_000, speed.bytesPerSecond().orElseThrow());
    for (int second = 2; second <= 20; second++) {
      speed.sample(second * SECOND, 1_000);
    }
    assertEquals(0, speed.bytesPerSecond().orElseThrow());
    assertTrue(speed.timeFor(10).isEmpty());
    speed.sample(21 * SECOND, 0);
    assertEquals(0, speed.bytesPerSecond().orElseThrow());
  }

  @Test
  void aFileThatBeginsAnewCountsOnce() {
    transfer.isHere(SHARD, 2_000);
    transfer.started(SHARD, 2_000, 2_000);
    assertEquals(2_500, transfer.look().doneBytes());
    transfer.started(SHARD, 2_000, 0);
    transfer.advanced(SHARD, 700);
    transfer.advanced(SHARD, -200);
    Transfer.View view = transfer.look();
    assertEquals(1_000, view.doneBytes());
    assertEquals(List.of(new Transfer.ActiveFile(SHARD, 2_000, 500)), view.active());
  }

  @Test
  void aDisplayShowsTheLastEventBeforeItCloses() {
    ProgressDisplay display = ProgressDisplay.forPerson(transfer, out, Optional.empty());
    transfer.started(SHARD, 2_000, 0);
    transfer.finished(SHARD, 2_000, "verified");
    display.close();
    assertEquals("  " + SHARD + "  2.0 kB  verified\n", text());
  }

  @Test
  void tablesAreAsWideAsTheirTexts() {
    Table table = new Table(1, "MODEL", "SIZE");
    table.row("org/name", "1 B");
    table.row("x\u001b", "12 GB");
    table.print(out);
    assertEquals("MODEL      SIZE\norg/name    1 B\nx?        12 GB\n", text());
  }
}
