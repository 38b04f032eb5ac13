namespace Ebb.Sandbox.Kubernetes.Kubelet.Shell;

/// <summary>What running a program comes to.</summary>
/// <param name="Takes">Null: it runs until it is stopped.</param>
/// <param name="Output">Lines and when they appear, counted from the start.</param>
internal sealed record Outcome(TimeSpan? Takes, int ExitCode, IReadOnlyList<(TimeSpan At, string Line)> Output)
{
    public static readonly Outcome Endless = new(null, 0, []);
}

/// <summary>Works a script through at once: what it prints when, how long it takes, how it ends.</summary>
internal sealed partial class ScriptRun
{
    private const int MaxSteps = 20_000;
    private const int MaxLines = 1_000;

    // Longer than any sandbox lives.
    private static readonly TimeSpan TooLong = TimeSpan.FromDays(365);

    private static readonly HashSet<string> Instant =
    [
        "true", ":", "set", "cd", "export", "trap", "wait", "mkdir", "touch", "rm", "cp", "mv", "ln", "chmod", "chown",
        "ls", "cat", "env", "id", "pwd", "uname", "sync", "ulimit", "umask", "local", "readonly", "unset", "command",
    ];

    private readonly Dictionary<string, string> _variables;
    private readonly DateTimeOffset _start;
    private readonly Random _random;
    private readonly Expansion _expansion;
    private readonly List<(TimeSpan At, string Line)> _output = [];
    private string _line = "";
    private TimeSpan _elapsed;
    private int _status;
    private int _steps;
    private bool _exited;
    private bool _endless;
    private bool _brokenOut;

    private ScriptRun(IReadOnlyDictionary<string, string> environment, DateTimeOffset start, Random random)
    {
        _variables = new Dictionary<string, string>(environment, StringComparer.Ordinal);
        _start = start;
        _random = random;
        _expansion = new Expansion(Variable, OutputOf);
    }

    private bool Over => _exited || _endless;

    /// <summary>A script that is not understood runs until it is stopped, as any other program.</summary>
    public static Outcome Of(
        string script, IReadOnlyDictionary<string, string> environment, DateTimeOffset start, Random random)
    {
        var run = new ScriptRun(environment, start, random);
        try
        {
            run.Run(Parser.Parse(script));
        }
        catch (ScriptException)
        {
            run._endless = true;
        }

        run.EndLine();
        return new Outcome(run._endless ? null : run._elapsed, run._status, run._output);
    }

    /// <summary>A program that is started without a shell.</summary>
    public static Outcome Of(
        IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, DateTimeOffset start, Random random)
    {
        var run = new ScriptRun(environment, start, random);
        run.Program(arguments, silent: false);
        run.EndLine();
        return new Outcome(run._endless ? null : run._elapsed, run._status, run._output);
    }

    private void Run(Command command)
    {
        if (Over || _brokenOut)
        {
            return;
        }

        if (++_steps > MaxSteps || _elapsed > TooLong)
        {
            _endless = true;
            return;
        }

        switch (command)
        {
            case Command.Simple simple:
                Simple(simple);
                break;
            case Command.Sequence sequence:
                foreach (var part in sequence.Parts)
                {
                    Run(part);
                }

                break;
            case Command.AndThen both:
                Run(both.First);
                if ((_status == 0) == both.WhenItWorked)
                {
                    Run(both.Then);
                }

                break;
            case Command.Not not:
                Run(not.Inner);
                _status = _status == 0 ? 1 : 0;
                break;
            case Command.Background background:
                Background(background.Inner);
                break;
            case Command.If choice:
                Run(choice.Condition);
                Branch(choice);
                break;
            case Command.For loop:
                foreach (var value in loop.Words.SelectMany(_expansion.Fields))
                {
                    _variables[loop.Variable] = value;
                    Run(loop.Body);
                }

                _brokenOut = false;
                break;
            case Command.While loop:
                While(loop);
                break;
        }
    }

    private void Branch(Command.If choice)
    {
        if (_status == 0)
        {
            Run(choice.Then);
        }
        else if (choice.Else is not null)
        {
            Run(choice.Else);
        }
        else
        {
            _status = 0;
        }
    }

    private void While(Command.While loop)
    {
        while (!Over && !_brokenOut)
        {
            Run(loop.Condition);
            if ((_status == 0) == loop.Until)
            {
                break;
            }

            Run(loop.Body);
        }

        _brokenOut = false;
        _status = Over ? _status : 0;
    }

    /// <summary>Its output counts, its time does not.</summary>
    private void Background(Command inner)
    {
        var (elapsed, endless) = (_elapsed, _endless);
        Run(inner);
        (_elapsed, _endless, _status) = (elapsed, endless, 0);
    }

    private void Simple(Command.Simple command)
    {
        var words = command.Words.SkipWhile(Assign).ToList();
        if (words.Count > 0)
        {
            Program([.. words.SelectMany(_expansion.Fields)], command.Silent);
        }
        else
        {
            _status = 0;
        }
    }

    private bool Assign(string word)
    {
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || char.IsAsciiDigit(word[0]) || !word.AsSpan(0, equals).ContainsOnlyNameSigns())
        {
            return false;
        }

        _variables[word[..equals]] = _expansion.Text(word[(equals + 1)..]);
        return true;
    }

    private void Print(string text, bool silent)
    {
        if (silent)
        {
            return;
        }

        foreach (var c in text)
        {
            if (c == '\n')
            {
                AddLine();
            }
            else
            {
                _line += c;
            }
        }
    }

    private void AddLine()
    {
        if (_output.Count < MaxLines)
        {
            _output.Add((_elapsed, _line));
        }

        _line = "";
    }

    private void EndLine()
    {
        if (_line.Length > 0)
        {
            AddLine();
        }
    }

    private string Variable(string name) => name switch
    {
        "?" => _status.ToString(),
        "$" => "1",
        "RANDOM" => _random.Next(32768).ToString(),
        _ => _variables.GetValueOrDefault(name, ""),
    };

    /// <summary>What a command inside <c>$(…)</c> prints; the time that it takes counts.</summary>
    private string OutputOf(string script)
    {
        var inner = new ScriptRun(_variables, _start + _elapsed, _random) { _steps = _steps };
        inner.Run(Parser.Parse(script));
        inner.EndLine();
        _steps = inner._steps;
        _elapsed += inner._elapsed;
        _endless |= inner._endless;
        _status = inner._status;
        return string.Join('\n', inner._output.Select(line => line.Line));
    }
}

internal static class ShellNames
{
    public static bool ContainsOnlyNameSigns(this ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_')
            {
                return false;
            }
        }

        return true;
    }
}
