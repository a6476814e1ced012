package dev.quern.engine.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class FastTokenizerTest {
  static final List<String> NAMES = TestTokenizers.NAMES;

  @ParameterizedTest
  @FieldSource("NAMES")
  void encodesAndDecodesLikeTheReferenceLibrary(String name) throws IOException {
    List<TestTokenizers.Golden> goldens = TestTokenizers.goldens(name);
    assertTrue(goldens.size() > 90);
    try (FastTokenizer tokenizer = TestTokenizers.load(name)) {
      for (TestTokenizers.Golden golden : goldens) {
        String text = golden.text();
        assertArrayEquals(golden.ids(), tokenizer.encode(text, false), text);
        assertArrayEquals(golden.idsWithSpecial(), tokenizer.encode(text, true), text);
        assertEquals(golden.decoded(), tokenizer.decode(golden.ids(), false), text);
        assertEquals(golden.skipping(), tokenizer.decode(golden.ids(), true), text);
      }
    }
  }

  @Test
  void anUnpairedSurrogateBecomesTheReplacementCharacterAndSpoilsNothingElse() {
    try (FastTokenizer tokenizer = TestTokenizers.load("byte-level-bpe")) {
      int[] ids = tokenizer.encode("\uD83D x \uD83D\uDE00 \uDE00", false);
      assertEquals("\uFFFD x \uD83D\uDE00 \uFFFD", tokenizer.decode(ids, false));
    }
  }

  @Test
  void knowsTheVocabulary() {
    try (FastTokenizer tokenizer = TestTokenizers.load("byte-level-bpe")) {
      assertEquals(OptionalInt.of(1), tokenizer.tokenId("<|endoftext|>"));
      assertEquals("<|endoftext|>", tokenizer.tokenText(1));
      assertEquals(Set.of(0, 1), tokenizer.specialTokens());
      assertEquals(701, tokenizer.vocabularySize());
      assertEquals("<|tool|>", tokenizer.tokenText(700));
      assertEquals("", tokenizer.tokenText(701));
      assertEquals("", tokenizer.tokenText(-1));
      assertEquals(OptionalInt.empty(), tokenizer.tokenId("no such token"));
      assertEquals("", tokenizer.decode(new int[] {5_000}, false));
    }
    try (FastTokenizer tokenizer = TestTokenizers.load("unigram")) {
      assertEquals(600, tokenizer.vocabularySize());
      assertEquals("</s>", tokenizer.tokenText(1));
    }
    try (FastTokenizer tokenizer = TestTokenizers.load("byte-fallback-bpe")) {
      assertEquals(OptionalInt.of(3 + 0x41), tokenizer.tokenId("<0x41>"));
    }
  }

  @Test
  void aTokenStandsForABoundedTextUnlessItMayBeUnknown() throws IOException {
    for (String name : List.of("byte-level-bpe", "byte-fallback-bpe")) {
      try (FastTokenizer tokenizer = TestTokenizers.load(name)) {
        int most = tokenizer.maxCharsPerToken();
        assertTrue(most < 1000);
        for (TestTokenizers.Golden golden : TestTokenizers.goldens(name)) {
          assertTrue(golden.text().length() <= (long) most * golden.ids().length);
        }
      }
    }
    for (String name : List.of("unigram", "wordpiece")) {
      try (FastTokenizer tokenizer = TestTokenizers.load(name)) {
        assertEquals(Integer.MAX_VALUE, tokenizer.maxCharsPerToken());
      }
    }
  }

  @Test
  void manyThreadsGetTheSameAnswersAsOne() throws Exception {
    List<TestTokenizers.Golden> goldens = TestTokenizers.goldens("byte-fallback-bpe");
    try (FastTokenizer tokenizer = TestTokenizers.load("byte-fallback-bpe");
        ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Callable<Void>> tasks = new ArrayList<>();
      for (int thread = 0; thread < 8; thread++) {
        tasks.add(
            () -> {
              for (int round = 0; round < 20; round++) {
                for (TestTokenizers.Golden golden : goldens) {
                  assertArrayEquals(golden.ids(), tokenizer.encode(golden.text(), false));
                  assertEquals(golden.decoded(), tokenizer.decode(golden.ids(), false));
                }
              }
              return null;
            });
      }
      for (Future<Void> done : threads.invokeAll(tasks)) {
        done.get();
      }
    }
  }

  @Test
  void useAfterCloseIsAnError() {
    FastTokenizer tokenizer = TestTokenizers.load("wordpiece");
    tokenizer.close();
    tokenizer.close();
    QuernException encode =
        assertThrows(QuernException.class, () -> tokenizer.encode("text", false));
    assertEquals(ErrorCategory.UNAVAILABLE, encode.category());
    assertThrows(QuernException.class, () -> tokenizer.decode(new int[] {7}, false));
  }

  @Test
  void closingWhileThreadsEncodeWaitsForThemAndThenRefuses() throws Exception {
    for (int round = 0; round < 20; round++) {
      FastTokenizer tokenizer = TestTokenizers.load("byte-level-bpe");
      try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
        CountDownLatch started = new CountDownLatch(4);
        List<Future<Boolean>> refused = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
          refused.add(
              threads.submit(
                  () -> {
                    started.countDown();
                    try {
                      while (true) {
                        tokenizer.encode("Hello, world! \uD83D\uDE00", false);
                      }
                    } catch (QuernException e) {
                      return e.category() == ErrorCategory.UNAVAILABLE;
                    }
                  }));
        }
        started.await();
        tokenizer.close();
        for (Future<Boolean> result : refused) {
          assertTrue(result.get());
        }
      }
    }
  }

  @Test
  void anAbsentTokenizerSaysWhatToDo(@TempDir Path folder) throws IOException {
    QuernException absent = assertThrows(QuernException.class, () -> FastTokenizer.load(folder));
    assertEquals(ErrorCategory.NOT_FOUND, absent.category());
    assertTrue(absent.message().contains("no tokenizer.json in " + folder), absent.message());

    Files.writeString(folder.resolve("tokenizer.model"), "sentencepiece");
    QuernException only = assertThrows(QuernException.class, () -> FastTokenizer.load(folder));
    assertTrue(only.message().contains("only tokenizer.model"), only.message());
  }

  @Test
  void aTokenizerThatCannotBeReadNamesTheFile(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    String sound = Files.readString(TestTokenizers.folder("wordpiece").resolve("tokenizer.json"));
    List<String> broken =
        List.of(
            "",
            "{",
            "[]",
            "{}",
            "nonsense",
            sound.substring(0, sound.length() / 2),
            sound.replace("\"WordPiece\"", "\"Unheard\""),
            "{\"model\":{\"vocab\":{\"a\":-1}}}",
            "{\"model\":{\"vocab\":{\"a\":4000000000}}}",
            "{\"model\":{\"vocab\":{\"a\":1}}}",
            "{\"added_tokens\":[{}]}");
    for (String text : broken) {
      Files.writeString(file, text);
      QuernException error =
          assertThrows(QuernException.class, () -> FastTokenizer.load(folder), text);
      assertEquals(ErrorCategory.BAD_REQUEST, error.category());
      assertTrue(error.message().startsWith(file.toString()), error.message());
    }
    Files.write(file, new byte[] {'{', (byte) 0xFF, '}'});
    assertThrows(QuernException.class, () -> FastTokenizer.load(folder));
  }
}
