package dev.quern.supplier.cli;

import dev.quern.engine.runtime.LoadedLanguageModel;
import dev.quern.engine.runtime.LoadedModel;
import dev.quern.engine.runtime.ModelRuntime;
import dev.quern.store.QuernException;
import dev.quern.supplier.ModelPurpose;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.QuernSettings;
import dev.quern.supplier.config.Setting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** {@code quern run MODEL [PROMPT]}: one answer, or a chat, without a server. */
final class RunCommand implements Command {
  private static final int INTERRUPTED = 130;

  @Override
  public String name() {
    return "run";
  }

  @Override
  public String words() {
    return "MODEL [PROMPT]";
  }

  @Override
  public String purpose() {
    return "answer a prompt, or chat when there is none";
  }

  @Override
  public List<Setting<?>> flags() {
    return Stream.concat(
            Stream.<Setting<?>>of(
                CommandOptions.TEMPERATURE,
                CommandOptions.MAX_TOKENS,
                CommandOptions.SYSTEM,
                CommandOptions.SEED),
            QuernSettings.LOADING.stream())
        .toList();
  }

  @Override
  public int run(Arguments arguments, QuernConfiguration configuration, Console console) {
    List<String> words = arguments.words();
    if (words.isEmpty() || words.size() > 2) {
      throw QuernException.badRequest(
          "command",
          "run takes a model and at most one prompt (in quotes): quern run MODEL PROMPT");
    }
    Conversation.Options options = Conversation.Options.of(arguments);
    NativeLibraries.prepare(configuration.cache(), console.environment(), console::say);
    try (ModelRuntime runtime = new ModelRuntime(configuration.gpus())) {
      LoadedLanguageModel model =
          languageModel(ModelLoader.load(runtime, words.getFirst(), configuration, console));
      Conversation conversation = new Conversation(model, options);
      if (!conversation.isChat()) {
        console.say(model.id() + " has no chat template: prompts are completed as they stand");
      }
      if (words.size() == 2) {
        conversation.say(words.getLast(), answer -> {}, text -> print(text, console));
        console.out().println();
      } else {
        chat(conversation, console);
      }
    }
    return ExitCodes.DONE;
  }

  private static LoadedLanguageModel languageModel(LoadedModel model) {
    if (model instanceof LoadedLanguageModel generator) {
      return generator;
    }
    throw QuernException.badRequest(
        "model",
        "%s has no answers to give: it %s; quern serve --model %s serves it"
            .formatted(model.id(), ModelPurpose.of(model), model.id()));
  }

  /** Reads prompts line by line until the input ends or {@code /exit}. */
  private static void chat(Conversation conversation, Console console) {
    AtomicReference<@Nullable StreamedAnswer> running = new AtomicReference<>();
    Signals.handle("INT", () -> interrupt(running.get()));
    if (console.interactive()) {
      console.say("/reset forgets the chat, /exit or Ctrl-D leaves, Ctrl-C stops an answer");
    }
    for (String line = read(console); line != null; line = read(console)) {
      switch (line.strip()) {
        case "" -> {}
        case "/exit" -> {
          return;
        }
        case "/reset" -> conversation.reset();
        default -> answer(line, conversation, running, console);
      }
    }
  }

  private static void answer(
      String line,
      Conversation conversation,
      AtomicReference<@Nullable StreamedAnswer> running,
      Console console) {
    try {
      conversation.say(line, running::set, text -> print(text, console));
      console.out().println();
    } catch (QuernException e) {
      console.say("quern: " + e.message());
    } finally {
      running.set(null);
    }
  }

  private static void interrupt(@Nullable StreamedAnswer running) {
    if (running == null) {
      Runtime.getRuntime().halt(INTERRUPTED);
    } else {
      running.cancel();
    }
  }

  private static @Nullable String read(Console console) {
    if (console.interactive()) {
      print("> ", console);
    }
    try {
      return console.in().readLine();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void print(String text, Console console) {
    console.out().print(text);
    console.out().flush();
  }
}
