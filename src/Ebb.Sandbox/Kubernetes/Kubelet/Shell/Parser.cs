namespace Ebb.Sandbox.Kubernetes.Kubelet.Shell;

/// <summary>Reads the part of the shell's language that examples and tests are written in.</summary>
internal sealed class Parser
{
    private readonly List<Token> _tokens;
    private int _at;

    private Parser(List<Token> tokens) => _tokens = tokens;

    private Token? Here => _at < _tokens.Count ? _tokens[_at] : null;

    /// <exception cref="ScriptException">Not in the part of the language that is understood.</exception>
    public static Command Parse(string script)
    {
        var parser = new Parser(Token.Cut(script));
        var all = parser.List();
        return parser.Here is null ? all : throw new ScriptException($"unexpected {parser.Here.Value.Text}");
    }

    private Command List(params string[] until)
    {
        var parts = new List<Command>();
        while (true)
        {
            while (Here is { } gap && gap.Is(";"))
            {
                _at++;
            }

            if (Here is not { } token || token.Is(")") || (!token.IsOperator && until.Contains(token.Text)))
            {
                return parts.Count == 1 ? parts[0] : new Command.Sequence(parts);
            }

            var command = AndOr();
            if (Here is { } background && background.Is("&"))
            {
                _at++;
                command = new Command.Background(command);
            }

            parts.Add(command);
        }
    }

    private Command AndOr()
    {
        var first = Pipeline();
        while (Here is { } op && (op.Is("&&") || op.Is("||")))
        {
            _at++;
            SkipLineEnds();
            first = new Command.AndThen(first, Pipeline(), op.Text == "&&");
        }

        return first;
    }

    /// <summary>Of a pipeline only the first command counts: what the others make of its output is not modelled.</summary>
    private Command Pipeline()
    {
        if (Here is { } not && not.IsWord("!"))
        {
            _at++;
            return new Command.Not(Pipeline());
        }

        var first = Single();
        while (Here is { } pipe && pipe.Is("|"))
        {
            _at++;
            SkipLineEnds();
            Single();
        }

        return first;
    }

    private Command Single()
    {
        var token = Here ?? throw new ScriptException("unexpected end");
        if (token.Is("("))
        {
            return Between("(", ")");
        }

        switch (token.IsOperator ? "" : token.Text)
        {
            case "{":
                _at++;
                var group = List("}");
                Expect("}");
                return group;
            case "if":
                _at++;
                return IfRest();
            case "for":
                _at++;
                return ForRest();
            case "while":
            case "until":
                _at++;
                var condition = List("do");
                return new Command.While(condition, DoBody(), token.Text == "until");
            default:
                return Simple();
        }
    }

    private Command Between(string open, string close)
    {
        _at++;
        var inner = List();
        if (Here is not { } end || !end.Is(close))
        {
            throw new ScriptException($"{open} without {close}");
        }

        _at++;
        return inner;
    }

    private Command.If IfRest()
    {
        var condition = List("then");
        Expect("then");
        var then = List("elif", "else", "fi");
        if (Here is { } elif && elif.IsWord("elif"))
        {
            _at++;
            return new Command.If(condition, then, IfRest());
        }

        Command? otherwise = null;
        if (Here is { } @else && @else.IsWord("else"))
        {
            _at++;
            otherwise = List("fi");
        }

        Expect("fi");
        return new Command.If(condition, then, otherwise);
    }

    private Command.For ForRest()
    {
        var variable = Take();
        Expect("in");
        var words = new List<string>();
        while (Here is { IsOperator: false })
        {
            words.Add(Take());
        }

        SkipLineEnds();
        return new Command.For(variable, words, DoBody());
    }

    private Command DoBody()
    {
        Expect("do");
        var body = List("done");
        Expect("done");
        return body;
    }

    private Command.Simple Simple()
    {
        var words = new List<string>();
        var silent = false;
        while (Here is { } token)
        {
            if (!token.IsOperator)
            {
                words.Add(Take());
            }
            else if (token.Text is ">" or ">>" or "<" or ">&" or "&>")
            {
                silent |= Redirect(token.Text, words);
            }
            else
            {
                break;
            }
        }

        return words.Count > 0 || silent
            ? new Command.Simple(words, silent)
            : throw new ScriptException($"unexpected {Here?.Text ?? "end"}");
    }

    /// <summary>Takes a redirection away; true when the output no longer reaches the log.</summary>
    private bool Redirect(string op, List<string> words)
    {
        _at++;
        var descriptor = words.Count > 0 && words[^1] is "1" or "2" ? words[^1] : null;
        if (descriptor is not null)
        {
            words.RemoveAt(words.Count - 1);
        }

        var target = Take();

        // Both streams of a container reach its log, whichever is sent to the other.
        return op is ">" or ">>" or "&>" && descriptor != "2" && target is not ("/dev/stderr" or "/dev/stdout");
    }

    private void SkipLineEnds()
    {
        while (Here is { } token && token.Is(";"))
        {
            _at++;
        }
    }

    private string Take()
    {
        var token = Here ?? throw new ScriptException("unexpected end");
        _at++;
        return token.IsOperator ? throw new ScriptException($"unexpected {token.Text}") : token.Text;
    }

    private void Expect(string word)
    {
        if (Here is not { } token || !token.IsWord(word))
        {
            throw new ScriptException($"{word} expected");
        }

        _at++;
    }
}
