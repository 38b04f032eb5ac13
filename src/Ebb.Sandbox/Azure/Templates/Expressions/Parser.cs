using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Ebb.Sandbox.Azure.Templates.Expressions;

/// <summary>Reads the expression in a string.</summary>
internal sealed class Parser
{
    /// <summary>Azure refuses longer expressions.</summary>
    public const int MostCharacters = 24576;

    private const int MostLevels = 100;

    private readonly string _text;
    private readonly List<Token> _tokens;
    private int _at;
    private int _level;

    private Parser(string text)
    {
        _text = text;
        _tokens = Lexer.Cut(text);
    }

    private Token Next => _tokens[_at];

    /// <summary>Whether a string is an expression: it begins with one bracket, not two, and ends with one.</summary>
    public static bool IsExpression(string text) => text.Length > 1 && text[0] == '[' && text[1] != '[' && text[^1] == ']';

    /// <summary>The text that a string which is no expression stands for.</summary>
    public static string Literal(string text) => text.StartsWith("[[", StringComparison.Ordinal) ? text[1..] : text;

    /// <exception cref="TemplateException">It cannot be read.</exception>
    public static Expression Parse(string bracketed)
    {
        if (bracketed.Length > MostCharacters)
        {
            throw TemplateException.Expression($"The language expression '{Lexer.Shown(bracketed)}' is too long: {bracketed.Length} characters, and the limit is {MostCharacters}.");
        }

        var parser = new Parser(bracketed[1..^1]);
        var expression = parser.Read();
        parser.Expect(TokenKind.EndOfData);
        return expression;
    }

    private Expression Read()
    {
        if (++_level > MostLevels)
        {
            throw TemplateException.Expression($"The language expression '{Lexer.Shown(_text)}' is nested more than {MostLevels} levels deep.");
        }

        var expression = ReadPrimary();
        while (Next.Kind is TokenKind.Dot or TokenKind.LeftSquareBracket)
        {
            if (_tokens[_at++].Kind == TokenKind.Dot)
            {
                expression = new Expression.Member(expression, Expect(TokenKind.Identifier).Text);
            }
            else
            {
                expression = new Expression.Item(expression, Read());
                Expect(TokenKind.RightSquareBracket);
            }
        }

        _level--;
        return expression;
    }

    private Expression ReadPrimary()
    {
        var token = _tokens[_at++];
        switch (token.Kind)
        {
            case TokenKind.StringLiteral:
                return Held(JsonValue.Create(token.Text));
            case TokenKind.Integer when long.TryParse(token.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number):
                return Held(JsonValue.Create(number));
            case TokenKind.Identifier:
                return ReadCall(token.Text);
            default:
                throw Unexpected(token, "an expression");
        }
    }

    private Expression.Call ReadCall(string name)
    {
        string? space = null;
        if (Next.Kind == TokenKind.Dot)
        {
            _at++;
            space = name;
            name = Expect(TokenKind.Identifier).Text;
        }

        Expect(TokenKind.LeftParenthesis);
        var arguments = ImmutableArray.CreateBuilder<Expression>();
        while (Next.Kind != TokenKind.RightParenthesis)
        {
            if (arguments.Count > 0)
            {
                Expect(TokenKind.Comma);
            }

            arguments.Add(Read());
        }

        _at++;

        // The language's own functions may be called with their namespace.
        return new Expression.Call("sys".Equals(space, StringComparison.OrdinalIgnoreCase) ? null : space, name, arguments.ToImmutable());
    }

    private Token Expect(TokenKind kind)
    {
        var token = Next;
        if (token.Kind != kind)
        {
            throw Unexpected(token, $"token '{kind}'");
        }

        _at++;
        return token;
    }

    private TemplateException Unexpected(Token token, string wanted) =>
        TemplateException.Expression($"Unable to parse language expression '{Lexer.Shown(_text)}': expected {wanted} and actual '{token.Kind}' at position '{token.At}'.");

    private static Expression.Literal Held(JsonNode value) => new(Values.Keep(value)!);
}
