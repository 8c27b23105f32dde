/** The one account of the SNS and SQS emulator; every ARN it makes holds it, whatever account the app names. */
export const LOCAL_ACCOUNT = '000000000000';
