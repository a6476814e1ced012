package dev.quern.engine.model;

import java.util.Optional;
import java.util.function.Function;

/**
 * How the encoders of one architecture are made.
 *
 * @param prefix of the layers' weights where the checkpoint was saved with a head; its absence is
 *     found out
 * @param stack of weights without that prefix
 * @param classes the class head; empty: the architecture has none
 * @param answers whether it reranks by answering yes or no, in Qwen 3's form
 */
record EncoderFamily(
    String prefix,
    Function<FamilyContext, EncoderStack> stack,
    Optional<ClassHead.Loader> classes,
    boolean answers) {

  static EncoderFamily encoder(String prefix, Function<FamilyContext, EncoderStack> stack) {
    return new EncoderFamily(prefix, stack, Optional.empty(), /* answers= */ false);
  }

  static EncoderFamily answering(String prefix, Function<FamilyContext, EncoderStack> stack) {
    return new EncoderFamily(prefix, stack, Optional.empty(), /* answers= */ true);
  }

  EncoderFamily withClasses(ClassHead.Loader head) {
    return new EncoderFamily(prefix, stack, Optional.of(head), answers);
  }
}
