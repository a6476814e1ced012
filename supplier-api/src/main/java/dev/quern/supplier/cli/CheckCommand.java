package dev.quern.supplier.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.QuernException;
import dev.quern.supplier.check.CheckProfile;
import dev.quern.supplier.check.CheckTarget;
import dev.quern.supplier.check.CheckTimes;
import dev.quern.supplier.check.Finding;
import dev.quern.supplier.check.SelfTest;
import dev.quern.supplier.cli.terminal.Table;
import dev.quern.supplier.config.ApiKeyFile;
import dev.quern.supplier.config.Arguments;
import dev.quern.supplier.config.QuernConfiguration;
import dev.quern.supplier.config.Setting;
import dev.quern.supplier.config.ValueType;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** {@code quern check URL}: the self-test before staking. */
final class CheckCommand implements Command {
  private static final JsonMapper JSON = new JsonMapper();

  private static final Setting<String> PROFILE =
      Setting.absent(
              "profile",
              ValueType.choice("relayminer", "ha", "path", "testbench"),
              "all",
              "whose part is played; repeatable")
          .repeated();
  private static final Setting<String> PUBLIC_NAME =
      Setting.of(
          "name",
          ValueType.text("NAME", "a model's public name"),
          "pocket_network",
          "public name of the model that is asked for");
  private static final Setting<Boolean> POCKET_HEADERS =
      CommandOptions.toggle(
          "pocket-headers", "send Pocket-* headers, as a miner does that forwards them");
  private static final Setting<String> KEY_FILE =
      Setting.absent(
          "key-file",
          ValueType.text("FILE", "a file of API keys"),
          "none",
          "file whose first API key is sent, as a miner with a bearer token does");

  @Override
  public String name() {
    return "check";
  }

  @Override
  public String words() {
    return "URL";
  }

  @Override
  public String purpose() {
    return "play miner, gateway and tester against a backend, and say what fails";
  }

  @Override
  public List<Setting<?>> flags() {
    return List.of(PROFILE, PUBLIC_NAME, POCKET_HEADERS, KEY_FILE, CommandOptions.JSON);
  }

  @Override
  public int run(Arguments arguments, QuernConfiguration configuration, Console console) {
    if (arguments.words().size() != 1) {
      throw QuernException.badRequest("url", "check takes one URL, such as http://127.0.0.1:8080");
    }
    CheckTarget target =
        new CheckTarget(
            CheckTarget.url(arguments.words().getFirst()),
            CommandOptions.valueOrDefault(PUBLIC_NAME, arguments),
            CommandOptions.value(KEY_FILE, arguments).map(CheckCommand::firstKey),
            CommandOptions.isOn(POCKET_HEADERS, arguments),
            CheckTimes.ofTheNetwork());
    List<Finding> findings =
        SelfTest.run(
            target,
            profiles(arguments),
            finding -> console.say((finding.passed() ? "pass " : "FAIL ") + finding.check()));
    if (CommandOptions.isOn(CommandOptions.JSON, arguments)) {
      console.out().println(json(target, findings).toPrettyString());
    } else {
      print(findings, console);
    }
    return failed(findings) == 0 ? ExitCodes.DONE : ExitCodes.FAULT;
  }

  private static Set<CheckProfile> profiles(Arguments arguments) {
    Set<CheckProfile> profiles = EnumSet.noneOf(CheckProfile.class);
    CommandOptions.values(PROFILE, arguments).stream()
        .map(CheckProfile::of)
        .flatMap(Optional::stream)
        .forEach(profiles::add);
    return profiles.isEmpty() ? EnumSet.allOf(CheckProfile.class) : profiles;
  }

  private static String firstKey(String file) {
    return ApiKeyFile.read(Path.of(file)).keys().iterator().next();
  }

  private static void print(List<Finding> findings, Console console) {
    Table table = new Table(4, "CHECK", "RESULT", "FOR", "SEEN");
    for (Finding finding : findings) {
      table.row(
          finding.check(),
          finding.passed() ? "pass" : "FAIL",
          String.join(",", finding.profiles().stream().map(CheckProfile::label).toList()),
          finding.detail());
    }
    table.print(console.out());
    long failed = failed(findings);
    console
        .out()
        .println(
            failed == 0
                ? "All " + findings.size() + " checks passed"
                : failed + " of " + findings.size() + " checks failed");
  }

  private static long failed(List<Finding> findings) {
    return findings.stream().filter(finding -> !finding.passed()).count();
  }

  private static ObjectNode json(CheckTarget target, List<Finding> findings) {
    ObjectNode json = JSON.createObjectNode();
    json.put("url", target.base().toString()).put("model", target.model());
    json.put("failed", failed(findings));
    ArrayNode rows = json.putArray("checks");
    for (Finding finding : findings) {
      ObjectNode row = rows.addObject().put("check", finding.check());
      row.put("passed", finding.passed()).put("purpose", finding.purpose());
      row.put("detail", finding.detail()).put("millis", finding.millis());
      ArrayNode profiles = row.putArray("profiles");
      finding.profiles().forEach(profile -> profiles.add(profile.label()));
    }
    return json;
  }
}
