package dev.quern.engine.tensor.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.model.EncoderInput;
import dev.quern.engine.model.LoadOptions;
import dev.quern.engine.model.TextEncoder;
import dev.quern.engine.model.TextEncoders;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.EncoderContract;
import dev.quern.engine.tensor.EncoderOperations;
import dev.quern.engine.tensor.PackedTokens;
import dev.quern.engine.tensor.PointwiseFunction;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.WeightLoader;
import dev.quern.engine.tensor.Workspace;
import dev.quern.store.Checkpoint;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TorchEncoderOperationsTest extends EncoderContract {
  @Override
  protected Backend open() {
    return TorchBackend.open(1);
  }

  private long live() {
    return ((TorchBackend) backend).liveValues();
  }

  @Test
  void advancingKeepsTheResultAlone() {
    float[] expected;
    try (WeightLoader weights = backend.weights(DType.F32);
        Workspace _ = backend.openWorkspace()) {
      EncoderOperations encoders = backend.encoders();
      Tensor table = weights.tensor(stored(DType.F32, 1, 4, 8).source());
      PackedTokens two =
          new PackedTokens(new int[] {1, 2}, new int[2], new int[2], new int[] {0, 2}, new int[1]);
      Tensor x = backend.embedding(table, encoders.upload(two).tokenIds());
      expected = backend.toHost(encoders.pointwise(backend.add(x, x), PointwiseFunction.TANH));
      long before = live();
      List<Tensor> state =
          encoders.advance(
              List.of(x),
              in -> {
                Tensor sum = backend.add(in.getFirst(), in.getFirst());
                return List.of(encoders.pointwise(sum, PointwiseFunction.TANH));
              });
      assertEquals(before, live());
      assertArrayEquals(expected, backend.toHost(state.getFirst()));
      // What is passed on stays, and what was never this workspace's too.
      List<Tensor> same =
          encoders.advance(List.of(state.getFirst(), table), in -> List.of(in.getFirst()));
      assertEquals(before, live());
      assertArrayEquals(expected, backend.toHost(same.getFirst()));
      assertEquals(32, backend.toHost(table).length);
      assertThrows(
          IllegalArgumentException.class,
          () ->
              encoders.advance(
                  same,
                  in -> {
                    backend.add(in.getFirst(), in.getFirst());
                    throw new IllegalArgumentException("this layer fails");
                  }));
      assertEquals(before, live());
      assertArrayEquals(expected, backend.toHost(same.getFirst()));
    }
  }

  /** Whole, and with the tensor that is loaded last under another name. */
  @ParameterizedTest
  @CsvSource({
    "bert-mean, model.safetensors, encoder.layer.1.output.LayerNorm.bias",
    "mpnet, model.safetensors, encoder.relative_attention_bias.weight",
    "nomic-bert, model.safetensors, encoder.layers.1.norm2.bias",
    "modernbert, model.safetensors, final_norm.weight",
    "qwen3-embedding, model.safetensors, norm.weight",
    "embedding-gemma, 3_Dense/model.safetensors, linear.weight"
  })
  void modelsLeaveNothingBehind(String name, String file, String last, @TempDir Path folder)
      throws IOException, URISyntaxException {
    long before = live();
    copy(Path.of(TextEncoders.class.getResource("/encoders/" + name).toURI()), folder);
    try (TextEncoder encoder = load(folder)) {
      long loaded = live();
      assertTrue(loaded > before);
      for (int pass = 0; pass < 3; pass++) {
        encoder.encode(List.of(EncoderInput.of(4, 5, 6), EncoderInput.of(7)));
        assertEquals(loaded, live());
      }
    }
    assertEquals(before, live());

    Path tensors = folder.resolve(file);
    // ISO 8859-1 keeps every byte.
    String bytes = Files.readString(tensors, StandardCharsets.ISO_8859_1);
    String renamed = bytes.replace('"' + last + '"', '"' + "x".repeat(last.length()) + '"');
    Files.writeString(tensors, renamed, StandardCharsets.ISO_8859_1);
    QuernException refusal = assertThrows(QuernException.class, () -> load(folder));
    assertTrue(refusal.message().contains("no tensor '" + last), refusal.message());
    assertEquals(before, live());
  }

  private TextEncoder load(Path folder) {
    return TextEncoders.load(Checkpoint.open(folder), backend, LoadOptions.defaults());
  }

  private static void copy(Path source, Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(source)) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        Path target = folder.resolve(source.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.copy(file, target);
      }
    }
  }
}
