namespace Ebb.Sandbox.Azure.Templates.Expressions;

/// <param name="Text">A string's value, a number's or a name's spelling.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int At);

/// <summary>Named as Azure's messages name them.</summary>
internal enum TokenKind
{
    EndOfData,
    Identifier,
    Integer,
    StringLiteral,
    LeftParenthesis,
    RightParenthesis,
    LeftSquareBracket,
    RightSquareBracket,
    Dot,
    Comma,
}
