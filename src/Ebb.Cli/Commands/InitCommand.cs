using System.CommandLine;
using Ebb.Cli.Definition;
using Ebb.Cli.Definition.Shapes;
using Ebb.Cli.Definition.Source;
using Ebb.Cli.Output;

namespace Ebb.Cli.Commands;

/// <summary>Writes an ebb.yaml to begin with.</summary>
internal static class InitCommand
{
    public static Command Create(Terminal terminal)
    {
        var file = new Option<string>("--file", "-f") { Description = "The file to write.", HelpName = "FILE", DefaultValueFactory = _ => ClusterFile.DefaultPath };
        var name = new Option<string?>("--name") { Description = "The cluster's name. Default: that of the directory.", HelpName = "NAME" };
        var cloud = new Option<string>("--cloud") { Description = "Whose machines: azure.", HelpName = "CLOUD", DefaultValueFactory = _ => "azure" };
        var region = new Option<string?>("--region") { Description = "Where the machines stand. Default: westeurope.", HelpName = "REGION" };
        var sandbox = new Option<bool?>("--sandbox") { Description = "In a cloud on this machine (the default), or with 'false' in your subscription.", HelpName = "true|false" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Ask nothing." };
        var makefile = new Option<bool>("--makefile") { Description = "Write a Makefile beside it too, with a target for each command; alone where the file is there already." };
        var force = new Option<bool>("--force") { Description = "Write over a file that is there." };
        var verb = new Verb("init", "Write an ebb.yaml to begin with, which describes a cluster; 'ebb up' makes it.")
        {
            Options = { file, name, cloud, region, sandbox, makefile, yes, force },
            Examples =
            [
                new("ebb init", "asks for name, region and sizes"),
                new("ebb init --yes --name farm --region northeurope", "asks nothing"),
                new("ebb init --makefile", "and a Makefile whose targets are ebb's commands"),
                new("ebb init -f second.yaml --sandbox false", "another file, for your own subscription"),
            ],
        };
        verb.SetAction(parsed =>
        {
            var path = parsed.GetRequiredValue(file);
            if (parsed.GetRequiredValue(cloud) is var word && word != "azure")
            {
                throw new EbbException($"--cloud {word}: there is no such cloud. Write azure.");
            }

            var beside = parsed.GetValue(makefile) ? Path.Combine(Path.GetDirectoryName(path) ?? "", "Makefile") : null;
            if (beside is not null)
            {
                Refuse(beside, parsed.GetValue(force));
                if (File.Exists(path) && !parsed.GetValue(force))
                {
                    Write(beside, Makefile(Path.GetFileName(path)), force: false);
                    terminal.Print($"Wrote {beside}. {path} was there already, and was left as it is.");
                    return;
                }
            }

            Refuse(path, parsed.GetValue(force));

            var choices = new StarterChoices { Name = Checked("--name", Values.Name(2, 30), parsed.GetValue(name)) ?? Starter.NameFrom(Here(path)) };
            choices = choices with
            {
                Region = Checked("--region", Values.Region, parsed.GetValue(region)) ?? choices.Region,
                Sandbox = parsed.GetValue(sandbox) ?? choices.Sandbox,
            };
            if (!parsed.GetValue(yes) && terminal.In is not null)
            {
                choices = new StarterQuestions(terminal).Ask(choices);
            }

            Write(path, Starter.Text(choices), parsed.GetValue(force));
            Write(SchemaBeside(path), SchemaFile.Text(), force: true);
            if (beside is not null)
            {
                Write(beside, Makefile(Path.GetFileName(path)), parsed.GetValue(force));
            }

            Tell(path, choices, terminal);
        });
        return verb;
    }

    /// <summary>The example, about this file.</summary>
    private static string Makefile(string file)
    {
        using var stream = typeof(InitCommand).Assembly.GetManifestResourceStream("Makefile") ?? throw new InvalidOperationException("The Makefile is not in this build.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Replace("FILE ?= ebb.yaml", $"FILE ?= {file}", StringComparison.Ordinal);
    }

    private static string? Checked(string option, TextShape<string> shape, string? text) =>
        text is not null && shape.Problem(text) is { } problem ? throw new EbbException($"{option}: {problem}") : text;

    private static string Here(string path) => Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(path))) ?? "";

    private static string SchemaBeside(string path) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, SchemaFile.RelativePath);

    private static void Refuse(string path, bool force)
    {
        SourceText.RequireName(path);
        if (Directory.Exists(path))
        {
            throw new EbbException($"{path} is a directory. Name the file with -f, for example {Path.Combine(path, ClusterFile.DefaultPath)}.");
        }

        if (!force && File.Exists(path))
        {
            throw AlreadyThere(path);
        }
    }

    private static EbbException AlreadyThere(string path, Exception? inner = null) =>
        new($"{path} is there already, and was left as it is. --force writes over it; -f names another file.", inner);

    private static void Write(string path, string text, bool force)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            using var stream = new FileStream(path, force ? FileMode.Create : FileMode.CreateNew, FileAccess.Write);
            using var writer = new StreamWriter(stream);
            writer.Write(text);
        }
        catch (IOException e) when (!force && File.Exists(path))
        {
            throw AlreadyThere(path, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EbbException($"{path} cannot be written: {e.Message}", e);
        }
    }

    private static void Tell(string path, StarterChoices choices, Terminal terminal)
    {
        var flag = path == ClusterFile.DefaultPath ? "" : $" -f {Launcher.Quote(path)}";
        terminal.Print($"Wrote {path}: cluster '{choices.Name}' in {choices.Region}{(choices.Sandbox ? ", on this machine" : "")}.");
        terminal.Print("");
        terminal.Print("Try next:");
        terminal.Print($"  {Launcher.Command} plan{flag}");
        terminal.Print($"  {Launcher.Command} up{flag}");
    }
}
