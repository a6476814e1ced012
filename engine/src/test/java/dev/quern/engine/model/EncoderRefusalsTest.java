package dev.quern.engine.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.torch.TorchBackend;
import dev.quern.store.Checkpoint;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Encoders and inputs that cannot be used: each error names the key or the number at fault. */
class EncoderRefusalsTest {
  private static Backend backend;
  private final Path folder;

  EncoderRefusalsTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @BeforeAll
  static void open() {
    backend = TorchBackend.open(1);
  }

  @AfterAll
  static void close() {
    backend.close();
  }

  /** Checkpoint, changes to its configuration, and what the message must say. */
  static Stream<Arguments> configurations() {
    return Stream.of(
        arguments(
            "bert-mean",
            "{'architectures':['ErnieModel']}",
            "architectures names ErnieModel, which is not supported: BertForMaskedLM"),
        arguments(
            "bert-mean",
            "{'position_embedding_type':'relative_key'}",
            "position_embedding_type is 'relative_key'"),
        arguments("bert-mean", "{'hidden_act':'mish'}", "hidden_act is 'mish'"),
        arguments(
            "bert-mean",
            "{'num_attention_heads':5}",
            "num_attention_heads is 5, which does not divide hidden_size 32"),
        arguments("bert-mean", "{'type_vocab_size':3}", "asks for [3, 32]"),
        arguments("bert-mean", "{'num_hidden_layers':3}", "no tensor 'encoder.layer.2."),
        arguments(
            "bert-mean",
            "{'quantization_config':{'quant_method':'awq'}}",
            "quantization_config (awq) is not supported"),
        arguments("distilbert", "{'n_heads':5}", "n_heads is 5, which does not divide dim 32"),
        arguments(
            "mpnet",
            "{'relative_attention_num_buckets':8}",
            "relative_attention_num_buckets is 8, less than 32"),
        arguments("nomic-bert-own", "{'prenorm':true}", "prenorm is true"),
        arguments("nomic-bert-own", "{'rotary_emb_fraction':0.5}", "rotary_emb_fraction is 0.5"),
        arguments(
            "nomic-bert-own",
            "{'activation_function':'relu'}",
            "activation_function is 'relu': swiglu and geglu"),
        arguments(
            "modernbert",
            "{'layer_types':['full_attention']}",
            "layer_types has 1 entries for num_hidden_layers 4"),
        arguments(
            "modernbert-classes",
            "{'classifier_pooling':'max'}",
            "classifier_pooling is 'max': cls and mean"),
        arguments(
            "bert-classes",
            "{'id2label':{'0':'a','1':'b','3':'c'}}",
            "id2label has 3 names, but none for class 2"),
        arguments(
            "bert-classes", "{'problem_type':'ranking'}", "problem_type is 'ranking': regression"),
        arguments("bert-classes", "{'id2label':{'0':'a'}}", "asks for [1, 32]"),
        arguments(
            "bert-cross",
            "{'sentence_transformers':{'activation_fn':'my.Own'}}",
            "activation_fn is 'my.Own'"),
        arguments(
            "qwen3-reranker",
            "{'classifier_from_token':['no','certainly']}",
            "classifier_from_token has 'certainly', which is no token of tokenizer.json"),
        arguments(
            "qwen3-reranker",
            "{'classifier_from_token':['yes']}",
            "classifier_from_token holds 1 tokens"));
  }

  @ParameterizedTest
  @MethodSource("configurations")
  void configurationIsRefused(String name, String changes, String said) throws IOException {
    change(name, "config.json", changes);
    assertRefused(() -> load(LoadOptions.defaults()), said);
  }

  /** Checkpoint, file of its layout, changes to it, and what the message must say. */
  static Stream<Arguments> layouts() {
    return Stream.of(
        arguments(
            "bert-mean", "1_Pooling/config.json", "{'pooling_mode':'median'}", "is 'median': cls"),
        arguments(
            "bert-mean",
            "config_sentence_transformers.json",
            "{'similarity_fn_name':'hamming'}",
            "similarity_fn_name is 'hamming': cosine"),
        arguments(
            "bert-mean",
            "config_sentence_transformers.json",
            "{'default_prompt_name':'title'}",
            "default_prompt_name is 'title', and prompts holds only"),
        arguments(
            "bert-mean",
            "config_sentence_transformers.json",
            "{'prompts':{'query':3}}",
            "prompts.query must be a string, not 3"),
        arguments(
            "bert-mean",
            "sentence_bert_config.json",
            "{'max_seq_length':0}",
            "max_seq_length must be a whole number above 0"),
        arguments(
            "mpnet-cross",
            "config_sentence_transformers.json",
            "{'activation_fn':'torch.nn.modules.activation.Mish'}",
            "activation_fn is 'torch.nn.modules.activation.Mish'"),
        arguments(
            "bert-dense",
            "2_Dense/config.json",
            "{'in_features':16}",
            "in_features is 16, and what comes before is 32"),
        arguments("bert-dense", "2_Dense/config.json", "{'out_features':25}", "asks for [25, 32]"),
        arguments(
            "bert-dense",
            "2_Dense/config.json",
            "{'activation_function':'torch.nn.modules.activation.Mish'}",
            "activation_function is 'torch.nn.modules.activation.Mish'"),
        arguments(
            "bert-dense", "2_Dense/config.json", "{'use_residual':true}", "use_residual is true"),
        arguments(
            "qwen3-reranker-layout",
            "1_LogitScore/config.json",
            "{'true_token_id':null}",
            "true_token_id is missing"),
        arguments(
            "qwen3-reranker-layout",
            "1_LogitScore/config.json",
            "{'true_token_id':9000}",
            "vocab_size is 200, and token 9000 answers"));
  }

  @ParameterizedTest
  @MethodSource("layouts")
  void layoutIsRefused(String name, String file, String changes, String said) throws IOException {
    change(name, file, changes);
    assertRefused(() -> load(LoadOptions.defaults()), said);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[{'type':'a.Transformer','path':''},{'type':'a.WordWeights','path':'1'}]|is"
            + " 'a.WordWeights'",
        "[{'type':'a.Transformer','path':''},{'path':'1_Pooling'}]|type is missing",
        "[{'type':'a.Pooling','path':'../1_Pooling'}]|path leads out of the model's folder",
        "[{'type':'a.Dense','path':'2_Dense'}]|Dense must stand after Pooling",
        "[{'type':'a.Transformer','path':''},{'type':'a.Normalize','path':''}]|has no Pooling",
        "{}|does not hold a JSON array",
      })
  void modulesAreRefused(String modules, String said) throws IOException {
    copy("bert-mean");
    Files.writeString(folder.resolve("modules.json"), modules.replace('\'', '"'));
    assertRefused(() -> SentenceTransformersLayout.read(folder), "modules.json");
    assertRefused(() -> load(LoadOptions.defaults()), said);
  }

  @Test
  void tasksThatTheHeadDoesNotGiveAreRefused() throws IOException {
    copy("bert-mean");
    assertRefused(
        () -> load(EncoderTask.RERANKING), "BertModel, which has no scores for reranking");
    copy("bert-classes");
    assertRefused(() -> load(EncoderTask.RERANKING), "id2label has 3 classes, and a reranker has");
    copy("qwen3-reranker");
    assertRefused(() -> load(EncoderTask.CLASSIFICATION), "has no scores for classification");
    try (TextEncoder embedder = load(EncoderTask.EMBEDDING)) {
      assertEquals(32, embedder.description().outputSize());
      assertEquals(EncoderTask.EMBEDDING, embedder.description().task());
    }
  }

  @Test
  void languageModelsAreNoEncodersUnlessTheySaySo() {
    Checkpoint plain = Checkpoint.open(Golden.families().resolve("qwen3"));
    assertEquals(Optional.empty(), TextEncoders.taskOf(plain));
    Checkpoint unknown = Checkpoint.open(Golden.families().resolve("llama"));
    assertEquals(Optional.empty(), TextEncoders.taskOf(unknown));
  }

  @Test
  void lengthsAreCheckedAgainstThePositions() throws IOException {
    copy("bert-mean");
    assertRefused(
        () -> load(LoadOptions.defaults().withContextLength(97)), "reaches 96 tokens: a length");
    try (TextEncoder encoder = load(LoadOptions.defaults().withContextLength(96))) {
      assertEquals(96, encoder.description().maxTokens());
    }
  }

  @Test
  void inputsAreChecked() throws IOException {
    copy("bert-mean");
    try (TextEncoder encoder = load(LoadOptions.defaults())) {
      assertRefused(
          () -> encoder.encode(List.of(EncoderInput.of(new int[65]))),
          "an input of 65 tokens is longer than the 64");
      assertRefused(
          () -> encoder.encode(List.of(EncoderInput.of(2, 200, 3))),
          "token id 200 is outside the vocabulary of 200");
      assertRefused(() -> encoder.encode(List.of(EncoderInput.of(-1))), "token id -1");
      assertRefused(
          () -> encoder.encode(List.of(new EncoderInput(new int[2], new int[] {0, 2}))),
          "token type 2 is none of the 2");
      // Whatever was refused, the next pass is a good one.
      assertEquals(1, encoder.encode(List.of(EncoderInput.of(2, 3))).length);
    }
    assertThrows(IllegalArgumentException.class, () -> EncoderInput.of());
    assertThrows(IllegalArgumentException.class, () -> new EncoderInput(new int[2], new int[1]));
  }

  private TextEncoder load(LoadOptions options) {
    return TextEncoders.load(Checkpoint.open(folder), backend, options);
  }

  private TextEncoder load(EncoderTask task) {
    return TextEncoders.load(Checkpoint.open(folder), backend, LoadOptions.defaults(), task);
  }

  private static void assertRefused(Executable refused, String said) {
    QuernException refusal = assertThrows(QuernException.class, refused);
    assertEquals(ErrorCategory.BAD_REQUEST, refusal.category());
    assertTrue(refusal.message().contains(said), refusal.message());
  }

  private void change(String name, String file, String changes) throws IOException {
    copy(name);
    Path changed = folder.resolve(file);
    ObjectNode json = (ObjectNode) new JsonMapper().readTree(changed.toFile());
    json.setAll((ObjectNode) new JsonMapper().readTree(changes.replace('\'', '"')));
    Files.writeString(changed, json.toString());
  }

  /** The checkpoint, with its layout and nothing of one copied before. */
  private void copy(String name) throws IOException {
    Files.deleteIfExists(folder.resolve("modules.json"));
    Path source = EncoderGolden.encoders().resolve(name);
    try (Stream<Path> files = Files.walk(source)) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        Path target = folder.resolve(source.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.write(target, Files.readAllBytes(file));
      }
    }
  }
}
