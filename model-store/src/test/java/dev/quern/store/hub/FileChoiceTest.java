package dev.quern.store.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FileChoiceTest {
  private static final ContentDigest DIGEST =
      new ContentDigest(ContentDigest.Algorithm.GIT_SHA1, "0".repeat(40));

  private static List<String> chosen(FileFilter filter, String... paths) {
    return paths(choice(filter, Optional.empty(), paths).chosen());
  }

  private static FileChoice choice(
      FileFilter filter, Optional<Set<String>> components, String... paths) {
    List<HubFile> files =
        Stream.of(paths).sorted().map(path -> new HubFile(path, 1, DIGEST)).toList();
    FileChoice choice = FileChoice.of(files, filter, components);
    assertEquals(files.size(), choice.chosen().size() + choice.skipped().size());
    return choice;
  }

  private static List<String> paths(List<HubFile> files) {
    return files.stream().map(HubFile::path).toList();
  }

  private static List<String> chosen(String... paths) {
    return chosen(FileFilter.none(), paths);
  }

  @Test
  void takesAShardedModelWithoutItsOtherForms() {
    assertEquals(
        List.of(
            "LICENSE",
            "README.md",
            "config.json",
            "generation_config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
            "tokenizer.json",
            "tokenizer.model"),
        chosen(
            ".gitattributes",
            "LICENSE",
            "README.md",
            "config.json",
            "consolidated.safetensors",
            "flax_model.msgpack",
            "generation_config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
            "modeling_custom.py",
            "onnx/config.json",
            "onnx/model.onnx",
            "original/consolidated.00.pth",
            "original/params.json",
            "picture.png",
            "pytorch_model-00001-of-00002.bin",
            "pytorch_model.bin.index.json",
            "rust_model.ot",
            "tf_model.h5",
            "tokenizer.json",
            "tokenizer.model",
            "training_args.bin"));
  }

  @Test
  void takesTheSameWeightsOnce() {
    assertEquals(
        List.of("model.safetensors"),
        chosen(
            "model-00001-of-00001.safetensors",
            "model.fp16.safetensors",
            "model.safetensors",
            "model.safetensors.index.json",
            "pytorch_model.safetensors"));
    assertEquals(List.of("model.fp16.safetensors"), chosen("model.fp16.safetensors"));
    assertEquals(List.of("consolidated.safetensors"), chosen("consolidated.safetensors"));
    assertEquals(
        List.of("a.safetensors", "b.safetensors"), chosen("a.safetensors", "b.safetensors"));
  }

  @Test
  void leavesOtherCheckpointsOfTheRepositoryOut() {
    assertEquals(
        List.of("1_Pooling/config.json", "2_Dense/model.safetensors", "model.safetensors"),
        chosen(
            "1_Pooling/config.json",
            "2_Dense/model.safetensors",
            "2_Dense/pytorch_model.bin",
            "checkpoint-100/model.safetensors",
            "model.safetensors"));
  }

  @Test
  void takesAPipelinesComponents() {
    FileChoice choice =
        choice(
            FileFilter.none(),
            Optional.of(Set.of("unet", "text_encoder", "tokenizer", "scheduler", "vae")),
            "model_index.json",
            "scheduler/scheduler_config.json",
            "sd_xl_base_1.0.safetensors",
            "text_encoder/config.json",
            "text_encoder/model.fp16.safetensors",
            "text_encoder/model.safetensors",
            "text_encoder/model.onnx",
            "tokenizer/merges.txt",
            "unet/config.json",
            "unet/diffusion_pytorch_model-00001-of-00002.safetensors",
            "unet/diffusion_pytorch_model-00002-of-00002.safetensors",
            "unet/diffusion_pytorch_model.fp16.safetensors",
            "unet/diffusion_pytorch_model.safetensors.index.json",
            "unet/diffusion_pytorch_model.non_ema.safetensors",
            "vae/diffusion_pytorch_model.safetensors",
            "vae_1_0/diffusion_pytorch_model.safetensors");
    assertEquals(
        List.of(
            "model_index.json",
            "scheduler/scheduler_config.json",
            "text_encoder/config.json",
            "text_encoder/model.safetensors",
            "tokenizer/merges.txt",
            "unet/config.json",
            "unet/diffusion_pytorch_model-00001-of-00002.safetensors",
            "unet/diffusion_pytorch_model-00002-of-00002.safetensors",
            "unet/diffusion_pytorch_model.safetensors.index.json",
            "vae/diffusion_pytorch_model.safetensors"),
        paths(choice.chosen()));
  }

  @Test
  void takesGgufOnlyWhenAsked() {
    String[] files = {"README.md", "tiny-Q4_K_M.gguf", "tiny-Q8_0.gguf"};
    assertEquals(List.of("README.md"), chosen(files));
    assertEquals(
        List.of("tiny-Q8_0.gguf"), chosen(new FileFilter(List.of("*Q8_0.gguf"), List.of()), files));
  }

  @Test
  void neverTakesPickles() {
    FileFilter all = new FileFilter(List.of("*"), List.of());
    FileChoice choice =
        choice(all, Optional.empty(), "a.bin", "b.PT", "c.pth", "d.ckpt", "e.pkl", "picture.png");
    assertEquals(List.of("picture.png"), paths(choice.chosen()));
    assertTrue(choice.skipped().stream().allMatch(s -> s.reason().startsWith("pickle")));
  }

  @Test
  void patternsComeBeforeTaste() {
    String[] files = {"config.json", "model.fp16.safetensors", "model.safetensors", "run.py"};
    assertEquals(
        List.of("config.json", "model.fp16.safetensors"),
        chosen(new FileFilter(List.of(), List.of("model.safetensors")), files));
    assertEquals(
        List.of("model.fp16.safetensors", "run.py"),
        chosen(new FileFilter(List.of("*fp16*", "run.py"), List.of()), files));
    assertEquals(
        List.of("model.fp16.safetensors"),
        chosen(new FileFilter(List.of("*fp16*", "run.py"), List.of("*.py")), files));
  }

  @ParameterizedTest
  @CsvSource({
    "*.json, config.json, true",
    "*.json, a/b/config.json, true",
    "*.json, config.jsonx, false",
    "unet/, unet/a/b.json, true",
    "unet/, vae/unet/b.json, false",
    "m?del.txt, model.txt, true",
    "m?del.txt, mdel.txt, false",
    "[mn]odel, nodel, true",
    "[!mn]odel, nodel, false",
    "[!mn]odel, xodel, true",
    "a[b, a[b, true",
    "a+b(c).txt, a+b(c).txt, true",
    "[]]x, ]x, true",
    "'', config.json, false",
    "*Q4*M.gguf, tiny-Q4_K_M.gguf, true"
  })
  void matchesAsTheHubsToolsDo(String glob, String path, boolean matches) {
    assertEquals(matches, new FileFilter(List.of(glob), List.of()).includes(path));
    assertEquals(matches, new FileFilter(List.of(), List.of(glob)).excludes(path));
  }
}
