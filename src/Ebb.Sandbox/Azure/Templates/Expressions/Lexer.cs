using System.Text;

namespace Ebb.Sandbox.Azure.Templates.Expressions;

/// <summary>Cuts an expression into tokens.</summary>
internal static class Lexer
{
    /// <exception cref="TemplateException">A character that no token begins with, or a string without an end.</exception>
    public static List<Token> Cut(string text)
    {
        var tokens = new List<Token>();
        for (var at = 0; at < text.Length;)
        {
            var c = text[at];
            if (char.IsWhiteSpace(c))
            {
                at++;
                continue;
            }

            var start = at;
            if (c == '\'')
            {
                tokens.Add(new Token(TokenKind.StringLiteral, CutString(text, ref at), start));
            }
            else if (char.IsAsciiDigit(c) || (c is '-' or '+' && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1])))
            {
                for (at++; at < text.Length && char.IsAsciiDigit(text[at]); at++)
                {
                }

                tokens.Add(new Token(TokenKind.Integer, text[start..at], start));
            }
            else if (IsOfName(c))
            {
                for (at++; at < text.Length && IsOfName(text[at]); at++)
                {
                }

                tokens.Add(new Token(TokenKind.Identifier, text[start..at], start));
            }
            else
            {
                tokens.Add(new Token(KindOf(c, text, at), c.ToString(), at++));
            }
        }

        tokens.Add(new Token(TokenKind.EndOfData, "", text.Length));
        return tokens;
    }

    private static string CutString(string text, ref int at)
    {
        var value = new StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] != '\'')
            {
                value.Append(text[at]);
            }
            else if (at + 1 < text.Length && text[at + 1] == '\'')
            {
                value.Append('\'');
                at++;
            }
            else
            {
                at++;
                return value.ToString();
            }
        }

        throw TemplateException.Expression($"The language expression '{Shown(text)}' is not valid: the string literal is not terminated.");
    }

    private static TokenKind KindOf(char c, string text, int at) => c switch
    {
        '(' => TokenKind.LeftParenthesis,
        ')' => TokenKind.RightParenthesis,
        '[' => TokenKind.LeftSquareBracket,
        ']' => TokenKind.RightSquareBracket,
        '.' => TokenKind.Dot,
        ',' => TokenKind.Comma,
        _ => throw TemplateException.Expression($"The language expression '{Shown(text)}' is not valid: the string character '{c}' at position '{at}' is not expected."),
    };

    private static bool IsOfName(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '$' or '#';

    /// <summary>An expression as messages show it: not longer than a line.</summary>
    internal static string Shown(string text) => text.Length <= 200 ? text : text[..200] + "...";
}
