namespace Ebb.Sandbox.Kubernetes.Kubelet.Shell;

/// <summary>A word as it was written (quotes and all), or an operator.</summary>
internal readonly record struct Token(string Text, bool IsOperator)
{
    public bool Is(string op) => IsOperator && Text == op;

    /// <summary>An unquoted word that the grammar reserves in this place.</summary>
    public bool IsWord(string word) => !IsOperator && Text == word;

    /// <summary>Cuts a script into tokens. Line ends become the operator <c>;</c>.</summary>
    /// <exception cref="ScriptException">A quote or bracket stays open.</exception>
    public static List<Token> Cut(string script)
    {
        var tokens = new List<Token>();
        var at = 0;
        while (at < script.Length)
        {
            var c = script[at];
            if (c is ' ' or '\t' or '\r')
            {
                at++;
            }
            else if (c == '\\' && at + 1 < script.Length && script[at + 1] == '\n')
            {
                at += 2;
            }
            else if (c == '#')
            {
                at = script.IndexOf('\n', at) is >= 0 and var end ? end : script.Length;
            }
            else if (Operator(script, at) is { } op)
            {
                tokens.Add(new Token(op == "\n" ? ";" : op, true));
                at += op.Length;
            }
            else
            {
                var end = EndOfWord(script, at);
                tokens.Add(new Token(script[at..end], false));
                at = end;
            }
        }

        return tokens;
    }

    /// <summary>Where what opens at <paramref name="at"/> (a quote, <c>${</c>, <c>$(</c>, <c>$((</c>) is over.</summary>
    public static int EndOfQuoted(string text, int at)
    {
        if (text[at] == '\'')
        {
            return text.IndexOf('\'', at + 1) is >= 0 and var end ? end + 1 : throw new ScriptException("unterminated quote");
        }

        if (text[at] == '"' || text[at] == '`')
        {
            return EndOfDouble(text, at);
        }

        return EndOfBracket(text, at + 1);
    }

    private static int EndOfDouble(string text, int at)
    {
        var quote = text[at++];
        while (at < text.Length && text[at] != quote)
        {
            at = text[at] == '\\' ? at + 2 : text[at] == '$' && IsBracket(text, at + 1) ? EndOfBracket(text, at + 1) : at + 1;
        }

        return at < text.Length ? at + 1 : throw new ScriptException("unterminated quote");
    }

    private static int EndOfBracket(string text, int at)
    {
        var open = text[at];
        var close = open == '(' ? ')' : '}';
        var depth = 0;
        while (at < text.Length)
        {
            if (text[at] == open)
            {
                depth++;
            }
            else if (text[at] == close && --depth == 0)
            {
                return at + 1;
            }
            else if (text[at] is '\'' or '"')
            {
                at = EndOfQuoted(text, at);
                continue;
            }

            at++;
        }

        throw new ScriptException("unterminated bracket");
    }

    private static int EndOfWord(string script, int at)
    {
        while (at < script.Length)
        {
            var c = script[at];
            if (c is ' ' or '\t' or '\r' || Operator(script, at) is not null)
            {
                break;
            }

            at = c switch
            {
                '\\' => Math.Min(at + 2, script.Length),
                '\'' or '"' or '`' => EndOfQuoted(script, at),
                '$' when IsBracket(script, at + 1) => EndOfQuoted(script, at),
                _ => at + 1,
            };
        }

        return at;
    }

    private static bool IsBracket(string text, int at) => at < text.Length && (text[at] is '(' or '{');

    private static string? Operator(string script, int at)
    {
        var two = at + 1 < script.Length ? script.Substring(at, 2) : "";
        if (two is "&&" or "||" or ">>" or ">&" or "&>")
        {
            return two;
        }

        return script[at] switch
        {
            ';' => ";",
            '\n' => "\n",
            '&' => "&",
            '|' => "|",
            '(' => "(",
            ')' => ")",
            '>' => ">",
            '<' => "<",
            _ => null,
        };
    }
}

/// <summary>The script is none that this shell understands.</summary>
internal sealed class ScriptException(string message) : Exception(message);
