package dev.quern.store;

import dev.quern.store.fuzz.FuzzTarget;
import dev.quern.store.fuzz.HeaderMutator;
import java.io.IOException;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Public for {@link dev.quern.store.fuzz.HeaderFuzz}, which does the same ten million times. */
public class SafetensorsFuzzTest {
  public static FuzzTarget target() {
    SafetensorsWriter small =
        new SafetensorsWriter()
            .metadata("format", "pt")
            .tensor("model.embed.weight", StoredType.BF16, 3, 4)
            .tensor("model.norm.weight", StoredType.F32, 4)
            .tensor("four.bits", StoredType.F4, 3, 2)
            .tensor("e", StoredType.U8, 0);
    SafetensorsWriter large = new SafetensorsWriter().metadata("format", "pt");
    for (int layer = 0; layer < 20; layer++) {
      large.tensor("model.layers." + layer + ".weight", StoredType.F8_E4M3, 2, 2);
    }
    return new FuzzTarget(
        "safetensors",
        List.of(small.bytes(), large.bytes()),
        1,
        (file, bytes, channel) -> SafetensorsFile.read(file, bytes, channel).tensors());
  }

  /** 300 tries of 100 files each, by seed, because a file's bytes say little to a shrinker. */
  @Property(tries = 300)
  void aChangedFileIsReadOrRefusedNeverAnythingElse(@ForAll long seed) throws IOException {
    FuzzTarget target = target();
    HeaderMutator mutator = new HeaderMutator(seed);
    for (int i = 0; i < 100; i++) {
      target.accepts(mutator.mutated(target.sound().get(i % 2)));
    }
  }
}
